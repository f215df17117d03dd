//! Pictures and credits by day as bars, with the same figures as a table.

use maud::{Markup, html};
use service::DayUse;

use crate::words::credits as words;

/// The drawing's size in its own units; it grows and shrinks with the page.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 160.0;
/// Room for the scale on the left, for half a day's name on the right, and for days below.
const LEFT: f64 = 44.0;
const RIGHT: f64 = 24.0;
const BELOW: f64 = 22.0;
const ABOVE: f64 = 14.0;

/// The chart. Those who do not see it have the table.
pub fn chart(days: &[DayUse]) -> Markup {
    let most = days.iter().map(|day| day.pictures.max(day.credits)).max().unwrap_or(0);
    let top = round_up(most);
    let floor = HEIGHT - BELOW;
    let y = |value: i64| floor - (floor - ABOVE) * value.max(0) as f64 / top as f64;
    let step = (WIDTH - LEFT - RIGHT) / days.len().max(1) as f64;
    let bar = (step * 0.38).clamp(0.5, 26.0);
    // As many days are named as find room.
    let every = (days.len() / 8).max(1);
    let pictures: i64 = days.iter().map(|day| day.pictures).sum();
    html! {
        figure .chart {
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(words::chart(days.len(), pictures)) {
                @for value in [0, top / 2, top] {
                    line .grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(number(y(value))) y2=(number(y(value))) {}
                    text .scale x=(LEFT - 8.0) y=(number(y(value) + 4.0)) text-anchor="end" { (value) }
                }
                @for (index, day) in days.iter().enumerate() {
                    @let x = LEFT + step * (index as f64 + 0.5);
                    g {
                        title { (words::day(day)) }
                        rect .pictures x=(number(x - bar)) y=(number(y(day.pictures))) width=(number(bar)) height=(number(floor - y(day.pictures))) {}
                        rect .credits x=(number(x)) y=(number(y(day.credits))) width=(number(bar)) height=(number(floor - y(day.credits))) {}
                        rect .hover x=(number(x - step / 2.0)) y="0" width=(number(step)) height=(number(floor)) {}
                    }
                    @if (days.len() - 1 - index).is_multiple_of(every) {
                        // Every second name finds no room on a phone.
                        @let is_spare = !(days.len() - 1 - index).is_multiple_of(2 * every);
                        text .scale .spare[is_spare] x=(number(x)) y=(HEIGHT - 5.0) text-anchor="middle" { (day.day.get(5..).unwrap_or_default()) }
                    }
                }
            }
            figcaption {
                span .key.pictures { (words::PICTURES) } span .key.credits { (words::SPENT) }
                span .soft { (words::UTC) }
            }
        }
        details {
            summary { (words::AS_TABLE) }
            div .scroll tabindex="0" role="group" aria-label=(words::BY_DAY) {
                table {
                    caption .out-of-sight { (words::BY_DAY) }
                    thead { tr { th { (words::DAY) } th .number { (words::PICTURES) } th .number { (words::SPENT) } } }
                    tbody { @for day in days.iter().rev() {
                        tr { td { (day.day) } td .number { (day.pictures) } td .number { (day.credits) } }
                    } }
                }
            }
        }
    }
}

/// A round number that is not smaller: even, so that half of it is whole.
fn round_up(most: i64) -> i64 {
    let mut unit = 1;
    loop {
        if let Some(fit) = [2, 4, 6, 10].into_iter().map(|times| times * unit).find(|fit| *fit >= most) {
            return fit;
        }
        unit *= 10;
    }
}

fn number(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers() {
        assert_eq!([0, 1, 3, 7, 11, 99, 100, 101].map(round_up), [2, 2, 4, 10, 20, 100, 100, 200]);
    }

    #[test]
    fn bars_are_as_high_as_their_days() {
        let day = |pictures, credits| DayUse { day: "2026-03-18".to_owned(), pictures, credits };
        let drawn = chart(&[day(0, 0), day(5, 10)]).into_string();
        let floor = HEIGHT - BELOW;
        assert!(drawn.contains(&format!("height=\"{:.1}\"", floor - ABOVE)), "the tallest fills the height");
        assert!(drawn.contains(&format!("height=\"{:.1}\"", (floor - ABOVE) / 2.0)), "half is half as high");
        assert!(drawn.contains("height=\"0.0\""), "nothing is nothing");
    }
}
