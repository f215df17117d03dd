//! `atelier plugins`: what there is, straight from the plugins' own declarations.

use std::fmt::Write;
use std::process::ExitCode;

use retouch::plugin::{Blend, Key, Param, Spec};
use retouch::plugins;

use super::{Failure, json, print};

/// Arguments of `atelier plugins`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Print the declarations as JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print the reference page of the documentation
    #[arg(long, hide = true)]
    markdown: bool,
}

/// Prints all plugins in the recommended order.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let specs: Vec<&Spec> = plugins().iter().map(|plugin| plugin.spec()).collect();
    let text = match arguments {
        Arguments { json: true, .. } => json(&specs)?,
        Arguments { markdown: true, .. } => markdown(&specs),
        _ => table(&specs),
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// A line a plugin with its knobs, and what it is for below.
fn table(specs: &[&Spec]) -> String {
    let mut text = String::new();
    for spec in specs {
        let _ = writeln!(text, "{:<17} {:<14} {}", spec.name, layer_kind(spec.blend), knobs(spec).join(", "));
        let _ = writeln!(text, "    {}", spec.about);
    }
    text + "\nTo set them: atelier retouch --set \"NAME=ALPHA1[,ALPHA2][,scale=N][,automask]\" ...; \
            of an Alpha 1 is the natural full effect, 0 none.\n"
}

fn markdown(specs: &[&Spec]) -> String {
    let mut text = String::from(
        "<!-- Written by `make docs` from the plugins' declarations; change those, not this page. -->\n\n# Plugins\n\n\
         In the recommended order. `Alpha1` and `Alpha2` are the sliders, on the wire and in\n\
         `--set \"NAME=ALPHA1,ALPHA2\"`; 1 is the natural full effect, 0 none.\n",
    );
    for spec in specs {
        let _ = write!(text, "\n## {}\n\n{}\n\nNever: {}\n\n", spec.name, spec.about, spec.never);
        let _ = writeln!(text, "Layer: {}.", layer_kind(spec.blend));
        if spec.params.is_empty() {
            continue;
        }
        text.push_str("\n| field | name | range | default | what it does |\n|---|---|---|---|---|\n");
        for Param { key, label, meaning, min, max, default } in spec.params {
            let _ = writeln!(text, "| `{}` | {label} | {min} to {max} | {default} | {meaning} |", key.name());
        }
    }
    text
}

/// The strengths first: they are what is turned most.
fn knobs(spec: &Spec) -> Vec<String> {
    let is_strength = |param: &&Param| matches!(param.key, Key::Alpha1 | Key::Alpha2);
    let (strengths, others): (Vec<&Param>, Vec<&Param>) = spec.params.iter().partition(is_strength);
    strengths.into_iter().chain(others).map(knob).collect()
}

fn knob(Param { key, label, min, max, .. }: &Param) -> String {
    match key {
        Key::Automask => format!("{} {} on or off", key.name(), label.to_lowercase()),
        _ => format!("{} {} {min} to {max}", key.name(), label.to_lowercase()),
    }
}

fn layer_kind(blend: Blend) -> &'static str {
    match blend {
        Blend::Normal => "normal",
        Blend::SoftLight => "soft light",
        Blend::Mask => "mask",
        Blend::Metadata => "metadata only",
    }
}
