//! What an organization did and what it cost.

use std::collections::BTreeMap;
use std::time::Duration;

use store::{LedgerEntry, LedgerFilter, Organization, StoreError, Timestamp, WorkKind, WorkLine};

use crate::{Service, Work};

/// Longest period that is summed up.
const MOST_DAYS: u64 = 366;
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// One day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayUse {
    /// `2026-03-18`, in UTC.
    pub day: String,
    /// Pictures completed.
    pub pictures: i64,
    /// Credits taken for jobs less those given back.
    pub credits: i64,
}

/// A period.
#[derive(Clone, Debug)]
pub struct Usage {
    /// Every day of it, those without work too.
    pub days: Vec<DayUse>,
    /// Pictures completed.
    pub pictures: i64,
    /// Credits taken for jobs less those given back.
    pub credits: i64,
    /// By plugin and component, the most used first.
    pub steps: Vec<WorkLine>,
    /// By workflow.
    pub workflows: Vec<WorkLine>,
    /// By wire API.
    pub dialects: Vec<WorkLine>,
    /// By the state in which jobs ended.
    pub results: Vec<WorkLine>,
}

impl Usage {
    /// Credits for a completed picture; nothing without any.
    pub fn credits_a_picture(&self) -> Option<f64> {
        (self.pictures > 0).then(|| self.credits as f64 / self.pictures as f64)
    }
}

impl Service {
    /// The last `days` days of an organization, today (UTC) included; between one day and a year.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn usage(&self, organization: &Organization, days: u64) -> Result<Usage, StoreError> {
        let days = days.clamp(1, MOST_DAYS);
        let now = self.now();
        let first = now.minus(DAY * u32::try_from(days - 1).unwrap_or_default());
        let (from, to) = (first.day(), now.day());
        let (store, id) = (self.store(), &organization.id);
        let start = Timestamp::of_day(&from).unwrap_or(first);
        let done: BTreeMap<String, i64> = store
            .work_by_day(id, &from, &to)
            .await?
            .into_iter()
            .map(|line| (line.name, line.pictures))
            .collect();
        let spent: BTreeMap<String, i64> =
            store.spent_by_day(id, start, now.plus(DAY)).await?.into_iter().collect();
        let days: Vec<DayUse> = (0..days)
            .map(|number| {
                let day = start.plus(DAY * u32::try_from(number).unwrap_or_default()).day();
                let of = |all: &BTreeMap<String, i64>| all.get(&day).copied().unwrap_or(0);
                DayUse { pictures: of(&done), credits: of(&spent), day }
            })
            .collect();
        Ok(Usage {
            pictures: days.iter().map(|day| day.pictures).sum(),
            credits: days.iter().map(|day| day.credits).sum(),
            days,
            steps: store.work_by_name(id, WorkKind::Step, &from, &to).await?,
            workflows: store.work_by_name(id, WorkKind::Workflow, &from, &to).await?,
            dialects: store.work_by_name(id, WorkKind::Dialect, &from, &to).await?,
            results: store.work_by_name(id, WorkKind::Result, &from, &to).await?,
        })
    }

    /// Movements of an organization's credits, newest first, and how many there are in all.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn ledger(
        &self,
        organization: &Organization,
        filter: LedgerFilter,
    ) -> Result<(Vec<LedgerEntry>, i64), StoreError> {
        self.store().ledger_page(&organization.id, filter).await
    }
}

/// The plugins and components that work uses, by their names for people. Reading and writing files is none.
pub(crate) fn steps(work: &Work) -> Vec<String> {
    let mut names: Vec<String> = match work {
        Work::Retouch(recipe) => recipe.tasks.iter().map(|task| task.plugin.spec().name.to_owned()).collect(),
        Work::Features => vec!["Face Detection".to_owned()],
        Work::Workflow(workflow) => {
            let declared = workflow.steps().iter().map(|step| step.component.declaration());
            let inner = declared.filter(|own| !matches!(&*own.kind, "input" | "export"));
            inner.map(|own| own.label.to_owned()).collect()
        }
    };
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use retouch::{Preset, Recipe, Workflow};

    use super::*;

    #[test]
    fn work_is_counted_by_the_names_people_know() {
        let plugins = steps(&Work::Retouch(Recipe::preset(Preset::Balanced)));
        assert!(plugins.contains(&"Heal".to_owned()), "{plugins:?}");
        let twice =
            r#"[{"type":"input"},{"type":"heal"},{"type":"heal"},{"type":"resize"},{"type":"export"}]"#;
        let workflow = Workflow::from_json(twice).expect("a workflow");
        assert_eq!(steps(&Work::Workflow(workflow)), ["Heal", "Resize"]);
    }
}
