//! The description against the router.

use std::collections::BTreeSet;

use super::*;
use crate::app;

/// Methods and paths of the description.
fn described(api: &Value) -> BTreeSet<(String, String)> {
    let paths = api["paths"].as_object().expect("paths");
    let methods = ["get", "head", "post", "put", "patch", "delete"];
    paths
        .iter()
        .flat_map(|(path, operations)| {
            let present = methods.iter().filter(|method| operations.get(**method).is_some());
            present.map(|method| ((*method).to_owned(), path.clone())).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_route_is_described_and_every_description_is_a_route() {
    let routes = app::routes().listed;
    let routes: BTreeSet<_> = routes.into_iter().map(|(method, path)| (method.to_owned(), path)).collect();
    let api = description();
    assert_eq!(described(&api), routes);
    let first = api["paths"].as_object().and_then(|paths| paths.keys().next().cloned());
    assert_eq!(first.as_deref(), Some("/api/v1/retoucher/start"), "in the order of use");
}

#[test]
fn it_is_openapi_3_1_with_a_payload_schema() {
    let api = description();
    assert_eq!(api["openapi"], "3.1.0");
    assert!(api.pointer("/components/schemas/Payload/properties/tasks/items/oneOf/0/$ref").is_some());
    assert!(api.pointer("/components/schemas/StartFields/properties/payload/contentSchema").is_some());
}

#[test]
fn every_reference_leads_somewhere() {
    let api = description();
    let mut left = vec![&api];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(target) = fields.get("$ref").and_then(Value::as_str) {
                    assert!(api.pointer(target.trim_start_matches('#')).is_some(), "{target}");
                }
                left.extend(fields.values());
            }
            Value::Array(values) => left.extend(values),
            _ => {}
        }
    }
}

#[test]
fn every_sample_belongs_to_a_route() {
    let described = described(&description());
    for (method, path, _) in samples::SAMPLES {
        assert!(described.contains(&((*method).to_owned(), (*path).to_owned())), "{method} {path}");
    }
}
