//! Organizations with a person, a token and a workflow, as AutoRetouch's clients find them.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use service::{
    Account, ContentHash, Draft, FileFacts, NewPerson, Organization, PUBLISHED_CLIENT, Workflow,
    create_account, save_workflow,
};
use store::{Job, NewOrganization, Outcome, Role};

use crate::desk::{Answer, Desk, PIXEL};

pub const PASSWORD: &str = "correct horse battery";

/// Somebody's shop.
pub struct Shop {
    pub organization: Organization,
    pub account: Account,
    pub access: String,
    pub refresh: String,
    pub workflow: Workflow,
}

/// Where a picture is to go, beside the defaults.
pub fn order(hash: &str) -> Value {
    json!({"image": {"name": "jacket front.jpg", "contentHash": hash, "contentType": null}, "settings": {}})
}

impl Desk {
    /// A shop of this name with so many credits.
    pub async fn shop(&self, name: &str, credits: i64) -> Shop {
        let new = NewOrganization { name: name.into(), unmetered: false, daily_allowance: None, priority: 0 };
        let organization = self.store.create_organization(&new, self.now()).await.expect("an organization");
        if credits > 0 {
            let given = self.store.add_credits(&organization.id, credits, "", "test", self.now());
            given.await.expect("credits");
        }
        let person = NewPerson {
            email: format!("{name}@example.org").replace(' ', "."),
            password: Some(PASSWORD.into()),
            operator: false,
            organization: organization.id.clone(),
            role: Role::Admin,
        };
        let account = create_account(&self.store, person, self.now()).await.expect("an account");
        let workflow = self.workflow(&organization, &account, 10, false).await;
        let (access, refresh) = self.tokens(&organization, &account).await;
        Shop { organization, account, access, refresh, workflow }
    }

    pub async fn workflow(
        &self,
        organization: &Organization,
        author: &Account,
        price: i64,
        review: bool,
    ) -> Workflow {
        let components = json!([
            {"type": "input", "label": "input", "settings": {}},
            {"type": "export", "label": "export", "settings": {}},
        ]);
        let components = retouch::Workflow::from_value(&components).expect("components");
        let draft = Draft { name: "Catalogue".into(), components, price, review };
        let saved = save_workflow(&self.store, &organization.id, author, None, &draft, self.now());
        saved.await.expect("a workflow")
    }

    /// Access and refresh token of a device of this person.
    pub async fn tokens(&self, organization: &Organization, account: &Account) -> (String, String) {
        let start = self.service.begin_device(PUBLISHED_CLIENT, "offline_access").await.expect("codes");
        let grant = self.service.device_request(&start.user_code, "test").await.expect("asked");
        let grant = grant.expect("a request");
        assert!(self.service.decide_device(&grant, account, Some(&organization.id)).await.expect("decided"));
        let tokens = self.service.poll_device(PUBLISHED_CLIENT, &start.device_code).await.expect("tokens");
        (tokens.access.text, tokens.refresh)
    }

    /// A request with a token.
    pub fn with_token(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.request(method, path).header("authorization", format!("Bearer {token}"))
    }

    pub async fn see(&self, shop: &Shop, path: &str) -> Answer {
        self.send(self.with_token(Method::GET, path, &shop.access)).await
    }

    pub async fn tell(&self, shop: &Shop, path: &str, body: &Value) -> Answer {
        self.send(self.with_token(Method::POST, path, &shop.access).json(body)).await
    }

    /// The pixel's hash, uploaded.
    pub async fn uploaded(&self, shop: &Shop) -> String {
        let form = reqwest::multipart::Form::new().part("file", crate::desk::file(PIXEL));
        let request = self.with_token(Method::POST, "/v1/upload", &shop.access).multipart(form);
        let answer = self.send(request).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.text()
    }

    /// An execution of this order, by its id.
    pub async fn ordered(&self, shop: &Shop, order: &Value) -> String {
        let path = format!("/v1/workflow/execution/create?workflow={}", shop.workflow.workflow_id);
        let answer = self.tell(shop, &path, order).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.text()
    }

    pub async fn execution(&self, shop: &Shop, id: &str) -> Value {
        let answer = self.see(shop, &format!("/v1/workflow/execution/{id}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Ends an attempt with this result.
    pub async fn made(&self, job: &Job, bytes: &[u8]) {
        let hash = ContentHash::of(bytes);
        self.store.expect_blob(&hash, bytes.len() as i64, self.now()).await.expect("announced");
        self.service.blobs().put(&hash, bytes.to_vec().into()).await.expect("kept");
        let result = FileFacts {
            hash,
            name: "jacket front.png".into(),
            media_type: "image/png".into(),
            bytes: bytes.len() as i64,
        };
        self.finish(job, Outcome::Completed { result }).await;
    }
}

impl Answer {
    /// Status and message of an error in the form of section 9.
    pub fn told(&self, path: &str) -> (u16, String) {
        let body = self.json();
        let keys: Vec<_> = body.as_object().expect("an object").keys().cloned().collect();
        assert_eq!(keys, ["timestamp", "status", "error", "message", "path"]);
        assert_eq!((body["status"].as_u64(), body["path"].as_str()), (Some(self.status.into()), Some(path)));
        assert!(body["timestamp"].as_str().is_some_and(|at| at.len() == 29 && at.ends_with("+00:00")));
        let phrase = reqwest::StatusCode::from_u16(self.status).expect("a status").canonical_reason();
        assert_eq!(body["error"].as_str(), phrase);
        (self.status, body["message"].as_str().expect("a message").to_owned())
    }
}

/// The keys of an object, as they come.
pub fn keys(object: &Value) -> String {
    object.as_object().expect("an object").keys().cloned().collect::<Vec<_>>().join(" ")
}
