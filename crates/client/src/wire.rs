//! Objects of the API, as far as this program reads them (specification section 6).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Entries of a list, and how many there are in all.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<T> {
    pub entries: Vec<T>,
    pub total: u64,
}

/// Someone who pays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// Its name on the wire.
    pub id: String,
    /// Its name for people.
    pub name: String,
}

/// What can be done with pictures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Workflow {
    /// Its name on the wire.
    pub id: String,
    /// Its current version.
    pub version: String,
    /// Its name for people.
    pub name: String,
    /// Credits a picture.
    pub execution_price: i64,
}

/// Where an execution stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Waits to start.
    Created,
    /// Is being worked on.
    Active,
    /// The result is there.
    Completed,
    /// Waits for a person's verdict.
    InQa,
    /// Waits for credits.
    PaymentRequired,
    /// There is no result.
    Failed,
    /// A state this program does not know.
    #[serde(other)]
    Unknown,
}

/// A picture on its way through a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    /// Its name on the wire.
    pub id: String,
    /// Where it stands.
    pub status: Status,
    /// The picture's file name.
    pub input_file_name: String,
    /// The result's file name.
    pub result_file_name: Option<String>,
    /// Where the result is.
    pub result_path: Option<String>,
    /// SHA-256 of the result, in hexadecimal digits.
    pub result_content_hash: Option<String>,
    /// Credits charged.
    #[serde(default)]
    pub charged_credits: i64,
    /// The client's own labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// What is asked for when a picture was uploaded before.
#[derive(Debug, Serialize)]
pub(crate) struct ByReference<'a> {
    pub image: Image<'a>,
    pub labels: &'a BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Image<'a> {
    pub name: &'a str,
    pub content_hash: &'a str,
    pub content_type: Option<&'a str>,
}

/// An error in either form the wire has.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Refusal {
    #[serde(default)]
    pub message: String,
    #[serde(default)]
    pub error: String,
    #[serde(default)]
    pub error_description: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct DeviceCode {
    pub device_code: String,
    pub user_code: String,
    pub verification_uri: String,
    pub verification_uri_complete: Option<String>,
    pub expires_in: u64,
    #[serde(default = "five")]
    pub interval: u64,
}

fn five() -> u64 {
    5
}

#[derive(Debug, Deserialize)]
pub(crate) struct Tokens {
    pub access_token: String,
    pub refresh_token: Option<String>,
    pub expires_in: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_and_new_ones_do_not_hurt() {
        let read = |text: &str| serde_json::from_str::<Status>(text).expect("a status");
        assert_eq!(read("\"IN_QA\""), Status::InQa);
        assert_eq!(read("\"PAYMENT_REQUIRED\""), Status::PaymentRequired);
        assert_eq!(read("\"SOMETHING_NEW\""), Status::Unknown);
    }
}
