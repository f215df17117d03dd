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
        let sliders: Vec<String> = sliders(spec).map(slider).collect();
        let _ = writeln!(text, "{:<17} {:<14} {}", spec.name, layer_kind(spec.blend), sliders.join(", "));
        let _ = writeln!(text, "    {}", spec.about);
    }
    text + "\nStrengths: atelier retouch --set \"NAME=ALPHA1[,ALPHA2]\" ...; 1 is the natural full effect, 0 none.\n"
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

fn sliders(spec: &Spec) -> impl Iterator<Item = &Param> {
    spec.params.iter().filter(|param| matches!(param.key, Key::Alpha1 | Key::Alpha2))
}

fn slider(param: &Param) -> String {
    format!("{} {} {} to {}", param.key.name(), param.label.to_lowercase(), param.min, param.max)
}

fn layer_kind(blend: Blend) -> &'static str {
    match blend {
        Blend::Normal => "normal",
        Blend::SoftLight => "soft light",
        Blend::Mask => "mask",
        Blend::Metadata => "metadata only",
    }
}
