//! Places: the folders that results go to, looked at before the work, so that none is done in vain.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::delivery::{self, DeliveryError, folder_of};
use crate::intake::Job;
use crate::standard::is_standard;

/// What the folders of all results are like. Shared by the threads.
#[derive(Debug, Default)]
pub struct Places {
    refused: HashMap<PathBuf, Arc<DeliveryError>>,
}

impl Places {
    /// Looks at the folders of the results of `jobs`, and clears away what killed runs left there. Folders that are
    /// missing are left so: they are made for a result, not for the wish for one.
    pub fn of(jobs: &[Job]) -> Self {
        let files = jobs.iter().map(|job| job.output.as_path()).filter(|output| !is_standard(output));
        let folders: HashSet<&Path> = files.map(folder_of).collect();
        let refused = folders
            .into_iter()
            .filter(|folder| folder.exists())
            .filter_map(|folder| Some((folder.to_owned(), Arc::new(delivery::probe(folder).err()?))))
            .collect();
        Self { refused }
    }

    /// Why `output` cannot be written, as far as that is known.
    pub fn refusal(&self, output: &Path) -> Option<Arc<DeliveryError>> {
        self.refused.get(folder_of(output)).cloned()
    }
}
