//! Runs a workflow on a picture: `workflow PICTURE WORKFLOW.json RESULT`; the report goes to standard output.

use std::error::Error;

use retouch::{Engine, Options, Unwatched, Upload, Workflow};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [picture, workflow, result] = args.as_slice() else {
        return Err("usage: workflow PICTURE WORKFLOW.json RESULT".into());
    };
    let bytes = std::fs::read(picture)?;
    let text = if workflow.starts_with('[') { workflow.clone() } else { std::fs::read_to_string(workflow)? };
    let workflow = Workflow::from_json(&text)?;
    let upload = Upload::new(&bytes, picture);
    let started = std::time::Instant::now();
    let outcome = Engine::new().run_workflow(&upload, &workflow, &Options::default(), &Unwatched)?;
    eprintln!("{:.2} s", started.elapsed().as_secs_f32());
    std::fs::write(result, &outcome.bytes)?;
    println!("{}", serde_json::to_string(&outcome.report)?);
    Ok(())
}
