//! Who is signed in where: one small file, readable by its owner alone.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::ClientError;

/// A sign-in at one server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Gets access tokens; lasts until it is revoked.
    pub refresh_token: String,
    /// The organization that commands mean unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

/// All sign-ins of a person, by the address of the server.
#[derive(Debug)]
pub struct Accounts {
    path: PathBuf,
    profiles: BTreeMap<String, Profile>,
}

impl Accounts {
    /// Reads the file; no file means that nobody is signed in.
    ///
    /// # Errors
    /// When the file is there but cannot be read.
    pub fn open(path: &Path) -> Result<Self, ClientError> {
        let profiles = match std::fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| ClientError::file(path, error))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(ClientError::file(path, error)),
        };
        Ok(Self { path: path.to_owned(), profiles })
    }

    /// The sign-in at a server.
    pub fn at(&self, server: &str) -> Option<&Profile> {
        self.profiles.get(server)
    }

    /// Keeps a sign-in.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep(&mut self, server: &str, profile: Profile) -> Result<(), ClientError> {
        self.profiles.insert(server.to_owned(), profile);
        self.write()
    }

    /// Forgets a sign-in; gives what was kept.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget(&mut self, server: &str) -> Result<Option<Profile>, ClientError> {
        let was = self.profiles.remove(server);
        self.write()?;
        Ok(was)
    }

    /// A draft takes the file's place, so that a crash never loses all sign-ins. Drafts are readable by their owner
    /// alone from the start.
    fn write(&self) -> Result<(), ClientError> {
        let failed = |error: std::io::Error| ClientError::file(&self.path, error);
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mut draft = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        let text = serde_json::to_vec_pretty(&self.profiles)
            .map_err(|error| ClientError::file(&self.path, error))?;
        draft.write_all(&text).map_err(failed)?;
        draft.persist(&self.path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_ins_are_kept_for_their_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/sign-ins.json");
        let mut accounts = Accounts::open(&path).expect("accounts");
        assert_eq!(accounts.at("https://a.example"), None);
        let profile = Profile { refresh_token: "secret".into(), organization: None };
        accounts.keep("https://a.example", profile.clone()).expect("kept");
        let again = Accounts::open(&path).expect("accounts");
        assert_eq!(again.at("https://a.example"), Some(&profile));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
            assert_eq!(mode & 0o077, 0, "{mode:o}");
        }
        assert_eq!(accounts.forget("https://a.example").expect("forgotten"), Some(profile));
        assert_eq!(Accounts::open(&path).expect("accounts").at("https://a.example"), None);
    }

    #[test]
    fn a_damaged_file_is_not_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("sign-ins.json");
        std::fs::write(&path, "{").expect("a file");
        assert!(matches!(Accounts::open(&path), Err(ClientError::File { .. })));
    }
}
