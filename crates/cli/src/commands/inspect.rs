//! `atelier inspect`: what the engine sees on a picture, as text, as JSON or drawn over it.

use std::path::PathBuf;
use std::process::ExitCode;

use pixel::codec::Format;
use retouch::Engine;

use super::size_limits::SizeLimits;
use super::{Failure, json, print};
use crate::{delivery, intake, picture_file};

/// Arguments of `atelier inspect`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  atelier inspect portrait.jpg
  atelier inspect portrait.jpg -o overlay.png
  atelier inspect portrait.jpg --json")]
pub struct Arguments {
    /// Picture to look at
    file: PathBuf,
    /// Draw faces, landmarks and regions over the picture, into this PNG file
    #[arg(short, long, value_name = "FILE.png")]
    output: Option<PathBuf>,
    /// Print what was seen as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    size: SizeLimits,
}

/// Looks at the picture and shows what was seen.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    if let Some(output) = &arguments.output {
        if picture_file::format_by_name(output) != Some(Format::Png) {
            return Err(Failure::Usage(format!("{}: the drawing is a PNG; name it so", output.display())));
        }
        if intake::real(output) == intake::real(&arguments.file) {
            return Err(Failure::Usage(format!(
                "{}: the drawing would overwrite the picture",
                output.display()
            )));
        }
        delivery::follow(output).map_err(Failure::usage)?;
        delivery::prepare(delivery::folder_of(output)).map_err(Failure::usage)?;
    }
    let limits = arguments.size.limits();
    let file = arguments.file.display();
    let failed = |error: &dyn std::fmt::Display| Failure::Work(format!("{file}: {error}"));
    let upload = picture_file::read(&arguments.file, limits.max_bytes).map_err(|error| failed(&error))?;
    let inspection = Engine::new().inspect(&upload, &limits).map_err(|error| failed(&error))?;

    if let Some(output) = &arguments.output {
        let overlay = inspection.overlay_png().map_err(|error| failed(&error))?;
        delivery::deliver(output, &overlay).map_err(Failure::work)?;
    }
    let text = if arguments.json { json(&inspection)? } else { inspection.to_string() };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}
