//! `atelier retouch`: pictures in, retouched pictures or stacks of layers out.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use pixel::codec::{Format, PSD_EXTENSION};
use retouch::recipe::{OutputChoice, Preset, Recipe};
use retouch::{Engine, Options};

use super::size_limits::SizeLimits;
use super::{Failure, json, print};
use crate::batch::{Batch, Memory};
use crate::delivery;
use crate::intake::{self, Intake, Job, Naming, Place};
use crate::interrupt;
use crate::ledger::{self, Ledger, hex_sha256};
use crate::order::{self, Adjustment, Payload};
use crate::picture_file;
use crate::places::Places;
use crate::progress::{Progress, tell};
use crate::report::{Entry, RunReport, Status, Summary};
use crate::standard::{self, is_standard};

/// Arguments of `atelier retouch`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  atelier retouch portrait.jpg                            writes portrait_retouched.jpg beside it
  atelier retouch portrait.jpg -o out.jpg --preset slight
  atelier retouch portrait.jpg -o out.psd                 a Photoshop document, every plugin on a layer of its own
  atelier retouch portrait.jpg -o out.zip --layers        the layers as PNG files
  atelier retouch wedding/ --out-dir done/ --jobs 2       run again to resume
  atelier retouch portrait.jpg --set \"Dodge Burn=1,0.2\" --set Heal=0.6
  atelier retouch portrait.jpg -o out.jpg --payload tasks.json
  fetch portrait.jpg | atelier retouch - | store          standard input to standard output

Exit codes: 0 all went well, 1 some pictures failed, 2 a mistake on the command line, 130 stopped.")]
pub struct Arguments {
    /// Pictures (JPEG, PNG, TIFF, WebP), or folders to search for them; - reads one picture from standard input
    #[arg(required = true, value_name = "FILE|FOLDER")]
    inputs: Vec<PathBuf>,
    /// Write the result of a single picture to this file, always anew, whatever is there; its extension decides the format;
    /// - writes it to standard output
    #[arg(short, long, value_name = "FILE", conflicts_with = "out_dir")]
    output: Option<PathBuf>,
    /// Write results into this folder, with the sub-folders of the inputs; results that are there already are skipped
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    /// Strength of the whole retouch [default: balanced, or none with --set]
    #[arg(long, value_enum, conflicts_with = "payload")]
    preset: Option<PresetName>,
    /// Take the tasks from a JSON file as the wire API has it; - reads standard input
    #[arg(long, value_name = "FILE")]
    payload: Option<PathBuf>,
    /// Set a plugin's strength, or add the plugin: "Dodge Burn=1,0.2"; also ",scale=2" and ",automask"
    #[arg(long = "set", value_name = "NAME[=ALPHA1[,ALPHA2]]")]
    adjustments: Vec<Adjustment>,
    /// Write a ZIP of layers, one PNG a plugin, in place of the flat picture
    #[arg(long)]
    layers: bool,
    /// Pictures at a time [default: 1, for several pictures 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Write to this JSON file what became of each picture, what each plugin found and changed on those retouched in
    /// this run, and the time of each step; - writes it to standard output
    #[arg(long, value_name = "FILE.json")]
    report: Option<PathBuf>,
    /// JPEG quality
    #[arg(long, value_name = "N", default_value_t = 95, value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: u8,
    #[command(flatten)]
    size: SizeLimits,
    /// Make results again even if they are there already
    #[arg(long)]
    force: bool,
    /// Replace also files that no earlier run made, that were changed since, or that are results of other pictures;
    /// an input is never replaced
    #[arg(long)]
    overwrite: bool,
    /// Show neither progress nor summary, only errors
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum PresetName {
    /// Hardly visible
    Slight,
    /// What a photographer would hand over
    Balanced,
    /// Magazine cover
    Heavy,
}

impl From<PresetName> for Preset {
    fn from(name: PresetName) -> Self {
        match name {
            PresetName::Slight => Self::Slight,
            PresetName::Balanced => Self::Balanced,
            PresetName::Heavy => Self::Heavy,
        }
    }
}

/// Retouches all pictures. The exit code says whether all, or only some, succeeded.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let began = Instant::now();
    check_standard_input(arguments)?;
    let place = place(arguments);
    let recipe = recipe(arguments, &place)?;
    let intake = intake::gather(&arguments.inputs, arguments.out_dir.as_deref()).map_err(Failure::usage)?;
    let jobs = intake::plan(&intake.pictures, &place, naming(&recipe)).map_err(Failure::usage)?;
    check_named_places(arguments, &jobs)?;

    interrupt::listen();
    let options = Options { jpeg_quality: arguments.quality, limits: arguments.size.limits() };
    let progress = Progress::new(jobs.len(), arguments.quiet);
    let batch = Batch {
        engine: &Engine::new(),
        recipe: &recipe,
        options: &options,
        memory: memory(arguments, &jobs, &recipe),
        places: Places::of(&jobs),
        progress: &progress,
    };
    let entries = batch.run(&jobs, threads(arguments, jobs.len()));
    progress.finish();

    let summary = Summary::of(&entries, began.elapsed());
    if !arguments.quiet {
        show(&entries, &summary, &intake);
    }
    if arguments.report.is_some() {
        let version = env!("CARGO_PKG_VERSION");
        let report = RunReport { atelier: version, summary, left_out: &intake.unread, files: &entries };
        write_report(report_file(arguments), &json(&report)?)?;
    }
    Ok(match summary {
        Summary { stopped: 1.., .. } => ExitCode::from(interrupt::EXIT_CODE),
        Summary { failed: 1.., .. } => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    })
}

fn place(arguments: &Arguments) -> Place {
    match (&arguments.output, &arguments.out_dir) {
        (Some(file), _) => Place::File(file.clone()),
        (None, Some(folder)) => Place::Folder(folder.clone()),
        (None, None) => Place::Beside,
    }
}

/// The recipe of the order, with its output fitted to the name that was given for it.
fn recipe(arguments: &Arguments, place: &Place) -> Result<Recipe, Failure> {
    let preset = arguments.preset.map(Preset::from);
    let payload = arguments.payload.as_deref().map(|path| payload(path, arguments.quiet)).transpose()?;
    let mut recipe = order::recipe(payload, preset, &arguments.adjustments);
    let file = match place {
        Place::File(file) => Some(file),
        _ => None,
    };
    let extension = file.and_then(|file| file.extension());
    let wants_zip = extension.is_some_and(|own| own.eq_ignore_ascii_case("zip"));
    let wants_psd = extension.is_some_and(|own| own.eq_ignore_ascii_case(PSD_EXTENSION));
    if arguments.layers || (wants_zip && arguments.payload.is_none()) {
        recipe = recipe.layered();
    }
    let Some(file) = file else { return Ok(recipe) };
    if wants_zip || wants_psd {
        recipe.output = if wants_zip { OutputChoice::Zip } else { OutputChoice::Psd };
        return Ok(recipe);
    }
    if recipe.wants_zip() {
        return Err(Failure::Usage(format!(
            "{}: layers come as a ZIP file or a Photoshop document; name the output {} or .psd",
            file.display(),
            file.with_extension("zip").display()
        )));
    }
    recipe.output = output_choice(file, &arguments.inputs)?;
    Ok(recipe)
}

/// The recipe of the payload. What it says in vain is told: it was written by hand, or may have been.
fn payload(path: &Path, quiet: bool) -> Result<Recipe, Failure> {
    let payload = Payload::read(path).map_err(Failure::usage)?;
    for remark in payload.remarks.iter().filter(|_| !quiet) {
        tell(&format!("{}: warning: {remark}", path.display()));
    }
    Ok(payload.recipe)
}

/// The format that `file` promises by its extension; that of the input when both are the same or it has none.
fn output_choice(file: &Path, inputs: &[PathBuf]) -> Result<OutputChoice, Failure> {
    let own = inputs.first().and_then(|input| picture_file::format_by_content(input));
    match picture_file::format_by_name(file) {
        None if file.extension().is_none() => Ok(OutputChoice::AsUploaded),
        Some(wanted) if Some(wanted) == own => Ok(OutputChoice::AsUploaded),
        Some(Format::Jpeg) => Ok(OutputChoice::Jpeg),
        Some(Format::Png) => Ok(OutputChoice::Png),
        Some(Format::Tiff) => Ok(OutputChoice::Tiff),
        Some(Format::WebP) => Ok(OutputChoice::WebP),
        None => Err(Failure::Usage(format!(
            "{}: results are .jpg, .png, .tif or .webp, layers .psd or .zip; choose such an extension",
            file.display()
        ))),
    }
}

fn naming(recipe: &Recipe) -> Naming {
    match recipe.output {
        _ if recipe.wants_zip() => Naming::Layers,
        OutputChoice::AsUploaded | OutputChoice::Zip => Naming::SameFormat,
        OutputChoice::Jpeg => Naming::Format(Format::Jpeg),
        OutputChoice::Png => Naming::Format(Format::Png),
        OutputChoice::Tiff => Naming::Format(Format::Tiff),
        OutputChoice::WebP => Naming::Format(Format::WebP),
        OutputChoice::Psd => Naming::Document,
    }
}

/// A place that was named must be there and writable before any work is done. Other places are a matter of the
/// pictures that go there, see [`Places`].
fn check_named_places(arguments: &Arguments, jobs: &[Job]) -> Result<(), Failure> {
    if jobs.iter().any(|job| is_standard(&job.output)) {
        check_standard_output(arguments)?;
    }
    let report = report_file(arguments);
    let output = arguments.output.as_deref().filter(|output| !is_standard(output));
    let files = [output, report];
    for file in files.into_iter().flatten() {
        delivery::follow(file).map_err(Failure::usage)?;
    }
    if let Some(report) = report.map(intake::real)
        && jobs.iter().any(|job| intake::real(&job.input) == report || intake::real(&job.output) == report)
    {
        return Err(Failure::Usage(format!(
            "--report {} names a picture; name another file",
            report.display()
        )));
    }
    let mut folders =
        files.into_iter().flatten().map(delivery::folder_of).chain(arguments.out_dir.as_deref());
    folders.try_for_each(delivery::prepare).map_err(Failure::usage)
}

/// Standard input is read once.
fn check_standard_input(arguments: &Arguments) -> Result<(), Failure> {
    let payload = arguments.payload.as_deref().is_some_and(is_standard);
    if payload && arguments.inputs.iter().any(|input| is_standard(input)) {
        return Err(Failure::Usage(
            "picture and --payload cannot both be standard input; name a file".into(),
        ));
    }
    Ok(())
}

/// Standard output takes one thing, and pictures are nothing to read.
fn check_standard_output(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.report.as_deref().is_some_and(is_standard) {
        let both = "picture and --report cannot both go to standard output; name a file for one of them";
        return Err(Failure::Usage(both.into()));
    }
    if standard::is_shown() {
        return Err(Failure::Usage(
            "the picture would go to the terminal; name a file with -o, or send it on with > or |".into(),
        ));
    }
    Ok(())
}

/// The file of the report; none when it goes to standard output.
fn report_file(arguments: &Arguments) -> Option<&Path> {
    arguments.report.as_deref().filter(|report| !is_standard(report))
}

/// What is named with `-o` is made anew whenever it is asked for, and what goes to standard output leaves nothing here;
/// all other results are remembered.
fn memory(arguments: &Arguments, jobs: &[Job], recipe: &Recipe) -> Option<Memory> {
    if arguments.output.is_some() || jobs.iter().any(|job| is_standard(&job.output)) {
        return None;
    }
    let recipe = hex_sha256(format!("{recipe:?} quality {}", arguments.quality).as_bytes());
    Some(Memory {
        ledger: Ledger::default(),
        recipe,
        engine: ledger::build(),
        force: arguments.force,
        overwrite: arguments.overwrite,
    })
}

fn threads(arguments: &Arguments, jobs: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let wanted = arguments.jobs.map_or(cores.min(2), usize::from);
    wanted.min(jobs).max(1)
}

fn show(entries: &[Entry], summary: &Summary, intake: &Intake) {
    for entry in entries {
        for note in entry.result.iter().flat_map(|report| &report.notes) {
            tell(&format!("{}: note: {note}", entry.input.display()));
        }
    }
    if intake.earlier_results > 0 {
        tell(&format!("left out {} results of earlier runs", intake.earlier_results));
    }
    if !intake.unread.is_empty() {
        tell(&intake.unread.to_string());
    }
    match entries {
        // Its error was told already and says all.
        [entry] if entry.status == Status::Failed => {}
        [entry] if matches!(entry.status, Status::Done | Status::Skipped) && !is_standard(&entry.output) => {
            tell(&format!("{}: {}", entry.output.display(), summary.line()))
        }
        _ => tell(&summary.line()),
    }
}

fn write_report(file: Option<&Path>, report: &str) -> Result<(), Failure> {
    match file {
        Some(file) => delivery::deliver(file, report.as_bytes()).map_err(Failure::work),
        None => print(report),
    }
}
