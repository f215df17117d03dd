//! The first start's words: how to sign in, a token, and lines to try. They go to the terminal and nowhere else.

use std::path::Path;

use service::FirstStart;

use crate::config::Config;

/// The picture of the repository, for lines that work as pasted.
const SAMPLE: &str = "samples/portrait.jpg";

/// The text.
pub fn text(first: &FirstStart, base: &str, config: &Config) -> String {
    let FirstStart { email, password, token, .. } = first;
    let picture = if Path::new(SAMPLE).exists() { SAMPLE } else { "portrait.jpg" };
    let data = config.data_dir.display();
    let payload = r#"{"mode":"professional","tasks":[{"Plugin":"Heal","Alpha1":1},{"Plugin":"Dodge Burn","Scale":2,"Alpha1":1,"Alpha2":0.2},{"Plugin":"Skin Tone","Alpha1":1,"Alpha2":1}]}"#;
    format!(
        r#"
A new house, in {data}. This is told once; nothing of it is kept in readable form.

  sign in:   {email}
  password:  {password}
  token:     {token}

Retouch {picture} with these lines:

  $ token={token}
  $ id=$(curl -s {base}/api/v1/retoucher/start -F "token=$token" -F file=@{picture} -F 'payload={payload}' | sed 's/.*"id": *"\([^"]*\)".*/\1/')
  $ until curl -s {base}/api/v1/retoucher/status/$id | grep -E '"state": *"(completed|failed)"'; do sleep 1; done
  $ curl -s {base}/api/v1/retoucher/getFile/$id -o retouched.jpg

The API is described at {base}/docs/api; `atelier admin` looks after accounts, tokens, credits and jobs.

"#
    )
}
