//! Intake: turns the files and folders of a command line into pictures, each with the place of its result.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pixel::codec::Format;

use crate::delivery::folder_of;
use crate::ledger::Results;
use crate::path_text::text_of;
use crate::picture_file::{
    format_by_content, format_by_name, is_camera_raw, stem_and_extension, unread_kind,
};
use crate::standard::is_standard;
use crate::unread::Unread;

/// Ends the stem of a result that lies beside its input.
pub const RESULT_SUFFIX: &str = "_retouched";
/// Ends the stem of a stack of layers.
pub const LAYERS_SUFFIX: &str = "_layers";

/// Why no work list could be made. All are mistakes on the command line.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// Nothing to do.
    #[error("no pictures found; give JPEG, PNG, TIFF or WebP files, or folders that hold some{}", .0.addition())]
    Nothing(Unread),
    /// The pictures would have to be taken from the folder of results.
    #[error(
        "{0} holds the pictures and is --out-dir as well, where everything counts as a result; \
         choose another --out-dir, or leave it out"
    )]
    OutDirIsInput(PathBuf),
    /// `-o` names one file for several pictures.
    #[error("-o names one file, but there are {0} pictures; use --out-dir for a folder of results")]
    OneOutputForMany(usize),
    /// Two results would have one name.
    #[error("{first} and {second} would both be written to {output}; retouch them in separate runs")]
    SameOutput {
        /// One input.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// Their common result.
        output: PathBuf,
    },
    /// Standard input is one picture without a name.
    #[error("- reads one picture from standard input; give it alone, and name the result with -o")]
    StandardInputAmongOthers,
    /// A result would replace a picture that is to be retouched.
    #[error("{output} is an input and would be overwritten by its result; choose another name or folder")]
    OverInput {
        /// The endangered file.
        output: PathBuf,
    },
}

/// A picture that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// Its place below the folder that was given; the bare file name for a file that was given.
    pub relative: PathBuf,
}

/// What was found, and how many files were left out.
#[derive(Debug, Default)]
pub struct Intake {
    /// The pictures: in the order given; of a folder its own by name, then those of its sub-folders.
    pub pictures: Vec<Found>,
    /// Results of earlier runs that lay among the inputs.
    pub earlier_results: usize,
    /// Pictures of folders that are of no kind that is read.
    pub unread: Unread,
}

/// Where results go.
#[derive(Clone, Debug)]
pub enum Place {
    /// One file, for one picture.
    File(PathBuf),
    /// A folder that repeats the folders of the inputs.
    Folder(PathBuf),
    /// Beside each input.
    Beside,
}

/// A picture and the file its result goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What to read.
    pub input: PathBuf,
    /// What to write.
    pub output: PathBuf,
}

/// How the file name of a result follows from its input's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// A picture in the format of the input.
    SameFormat,
    /// A picture in this format.
    Format(Format),
    /// A stack of layers.
    Layers,
    /// A layered document.
    Document,
}

/// Finds the pictures of `inputs`. Files that were named are taken as they are; of folders, with all that lies below
/// them, every file that is a picture by its content, or claims to be one by its extension. Hidden files, `out_dir`
/// and results of earlier runs are not taken. Broken pictures, missing files and unreadable folders are taken too:
/// each shall get its own error when its turn comes, and stop nothing else.
///
/// # Errors
/// When no picture is left: [`IntakeError::OutDirIsInput`] if `out_dir` itself was given, or [`IntakeError::Nothing`].
pub fn gather(inputs: &[PathBuf], out_dir: Option<&Path>) -> Result<Intake, IntakeError> {
    let out_dir = out_dir.and_then(|folder| fs::canonicalize(folder).ok());
    let mut intake = Intake::default();
    for input in inputs {
        if input.is_dir() && !is_standard(input) {
            walk(input, Path::new(""), out_dir.as_deref(), &mut intake);
        } else {
            let relative = input.file_name().map(PathBuf::from).unwrap_or_default();
            intake.pictures.push(Found { path: input.clone(), relative });
        }
    }
    let mut seen = HashSet::new();
    intake.pictures.retain(|found| seen.insert(real(&found.path)));
    if intake.pictures.is_empty() && intake.earlier_results == 0 {
        // Among other folders it is no mistake: `*` names the folder of results, too, once it is there.
        let same = inputs.iter().find(|input| out_dir.is_some() && fs::canonicalize(input).ok() == out_dir);
        return Err(match same {
            Some(folder) => IntakeError::OutDirIsInput(folder.clone()),
            None => IntakeError::Nothing(intake.unread),
        });
    }
    Ok(intake)
}

/// Gives every picture the place of its result; that of standard input is standard output, unless another is named.
///
/// # Errors
/// When two results would share a name, a result would replace an input, one file is named for many pictures, or standard
/// input is to have a name of its own.
pub fn plan(pictures: &[Found], place: &Place, naming: Naming) -> Result<Vec<Job>, IntakeError> {
    if matches!(place, Place::File(_)) && pictures.len() > 1 {
        return Err(IntakeError::OneOutputForMany(pictures.len()));
    }
    let nameless = pictures.iter().any(|found| is_standard(&found.path));
    if nameless && (pictures.len() > 1 || matches!(place, Place::Folder(_))) {
        return Err(IntakeError::StandardInputAmongOthers);
    }
    let jobs: Vec<Job> = pictures
        .iter()
        .map(|found| {
            let output = match place {
                Place::File(file) => file.clone(),
                Place::Folder(folder) => folder.join(rename(&found.relative, &found.path, naming, "")),
                Place::Beside if is_standard(&found.path) => found.path.clone(),
                Place::Beside => rename(&found.path, &found.path, naming, RESULT_SUFFIX),
            };
            Job { input: found.path.clone(), output }
        })
        .collect();
    refuse_clashes(&jobs)?;
    Ok(jobs)
}

fn walk(folder: &Path, relative: &Path, out_dir: Option<&Path>, intake: &mut Intake) {
    if out_dir.is_some_and(|out_dir| fs::canonicalize(folder).is_ok_and(|folder| folder == out_dir)) {
        return;
    }
    let Ok(mut entries) = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) else {
        intake.pictures.push(Found { path: folder.to_owned(), relative: relative.to_owned() });
        return;
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    // The folder that was named may itself be one of results, to be retouched further; those below it may not.
    let is_named = relative.as_os_str().is_empty();
    let earlier = if is_named { Results::default() } else { Results::of(folder) };

    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // Links to folders are not followed: they can lead in circles.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            folders.push((path, name));
        } else if path.is_file() && is_picture(&path) {
            files.push((path, name));
        } else if let Some(kind) = unread_kind(&path).filter(|_| path.is_file()) {
            intake.unread.add(kind);
        }
    }
    let stems: HashSet<String> =
        files.iter().map(|(path, _)| text_of(stem_and_extension(path).0).into_owned()).collect();
    for (path, name) in files {
        if is_result_of_one(&path, &stems) || earlier.hold(&path) {
            intake.earlier_results += 1;
        } else {
            intake.pictures.push(Found { path, relative: relative.join(&name) });
        }
    }
    for (path, name) in folders {
        walk(&path, &relative.join(&name), out_dir, intake);
    }
}

fn is_picture(path: &Path) -> bool {
    !is_camera_raw(path) && (format_by_name(path).is_some() || format_by_content(path).is_some())
}

/// True for `x_retouched.jpg` where a picture with the stem `x`, which may hold dots of its own, lies beside it.
fn is_result_of_one(path: &Path, stems: &HashSet<String>) -> bool {
    let stem = text_of(stem_and_extension(path).0);
    stem.strip_suffix(RESULT_SUFFIX).is_some_and(|origin| stems.contains(origin))
}

/// The name of a result: `place` with its stem and extension changed as `naming` asks, the format taken from the
/// content of `input` where its own extension does not fit.
fn rename(place: &Path, input: &Path, naming: Naming, suffix: &str) -> PathBuf {
    let (suffix, format) = match naming {
        Naming::Layers => (LAYERS_SUFFIX, None),
        Naming::Document => (suffix, None),
        Naming::Format(format) => (suffix, Some(format)),
        Naming::SameFormat => (suffix, format_by_content(input)),
    };
    let (stem, extension) = stem_and_extension(place);
    let mut name = stem.to_owned();
    name.push(suffix);
    if naming == Naming::Layers {
        name.push(".zip");
    } else if naming == Naming::Document {
        name.push(".psd");
    } else if let Some(format) = format.filter(|&format| format_by_name(place) != Some(format)) {
        name.push(".");
        name.push(format.extension());
    } else if let Some(own) = extension {
        name.push(".");
        name.push(own);
    }
    place.with_file_name(name)
}

fn refuse_clashes(jobs: &[Job]) -> Result<(), IntakeError> {
    let inputs: HashSet<PathBuf> = jobs.iter().map(|job| real(&job.input)).collect();
    let mut taken: HashMap<PathBuf, &Job> = HashMap::new();
    for job in jobs.iter().filter(|job| !is_standard(&job.output)) {
        let output = real(&job.output);
        if inputs.contains(&output) {
            return Err(IntakeError::OverInput { output: job.output.clone() });
        }
        if let Some(other) = taken.insert(output, job) {
            return Err(IntakeError::SameOutput {
                first: other.input.clone(),
                second: job.input.clone(),
                output: job.output.clone(),
            });
        }
    }
    Ok(())
}

/// One name for one file, however it is reached; for a file still to come, its folder's real path and its name.
pub fn real(path: &Path) -> PathBuf {
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    let folder = folder_of(path);
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    folder.join(path.file_name().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Ledger, Ticket};

    const JPEG: &[u8] = b"\xff\xd8\xff\xe0 and so on";
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

    fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(folder_of(&path)).expect("made");
            fs::write(path, bytes).expect("written");
        }
        folder
    }

    /// Notes that `result` was once made at `path`.
    fn enter(path: &Path, result: &[u8]) {
        let ticket = Ticket { input: "i".into(), recipe: "r".into(), engine: "e".into() };
        Ledger::default().enter(path, Path::new("i"), &ticket, result).expect("entered");
    }

    fn names(intake: &Intake) -> Vec<String> {
        intake.pictures.iter().map(|found| found.relative.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn takes_pictures_by_content_or_claim_and_nothing_else() {
        let folder = tree(&[
            ("b/two", PNG),
            ("a.jpg", JPEG),
            ("broken.png", b"not a picture"),
            ("notes.txt", b"just some words here"),
            ("raw.NEF", b"II*\0 a camera raw file"),
            ("raw2.nef", b"MM\0* a camera raw file"),
            ("b/phone.HEIC", b"\0\0\0\x18ftypheic"),
            ("renamed.heic", JPEG),
            (".hidden.jpg", JPEG),
        ]);
        let intake = gather(&[folder.path().to_owned()], None).expect("gathered");
        assert_eq!(names(&intake), ["a.jpg", "broken.png", "renamed.heic", "b/two"]);
        assert_eq!(intake.unread.to_string(), "left out 3 files that are not read: 1 heic, 2 nef");
    }

    #[test]
    fn leaves_out_its_own_results() {
        let folder = tree(&[
            ("a.jpg", JPEG),
            ("a_retouched.jpg", JPEG),
            ("lonely_retouched.jpg", JPEG),
            ("out/a.jpg", JPEG),
            ("other/b.jpg", JPEG),
            ("other/c.jpg", JPEG),
        ]);
        enter(&folder.path().join("other/b.jpg"), JPEG);
        let intake = gather(&[folder.path().to_owned()], Some(&folder.path().join("out"))).expect("gathered");
        assert_eq!(names(&intake), ["a.jpg", "lonely_retouched.jpg", "other/c.jpg"]);
        assert_eq!(intake.earlier_results, 2);
    }

    #[test]
    fn a_new_original_is_taken_though_a_ledger_names_it() {
        // Results were deleted, their ledger was not, and a camera's files came under the same names.
        let folder = tree(&[("day/1.jpg", JPEG), ("day/2.jpg", JPEG), ("day/3.jpg", JPEG)]);
        let longer = [JPEG, b"!"].concat();
        let another = JPEG.to_ascii_uppercase();
        for (name, result) in [("day/1.jpg", &longer[..]), ("day/2.jpg", &another), ("day/3.jpg", JPEG)] {
            enter(&folder.path().join(name), result);
        }
        let intake = gather(&[folder.path().to_owned()], None).expect("gathered");
        assert_eq!(
            (names(&intake), intake.earlier_results),
            (vec!["day/1.jpg".into(), "day/2.jpg".into()], 1)
        );
    }

    #[test]
    fn a_dot_in_the_name_hides_no_result() {
        let folder = tree(&[
            ("anna.v2.jpg", JPEG),
            ("anna.v2_retouched.jpg", JPEG),
            ("ben.v1.jpg", JPEG),
            ("ben.v2_retouched.jpg", JPEG),
            ("Shoot 12.05 Anna", PNG),
            ("Shoot 12.05 Anna_retouched.png", PNG),
        ]);
        let intake = gather(&[folder.path().to_owned()], None).expect("gathered");
        assert_eq!(names(&intake), ["Shoot 12.05 Anna", "anna.v2.jpg", "ben.v1.jpg", "ben.v2_retouched.jpg"]);
    }

    #[test]
    fn only_the_extension_of_a_picture_is_one() {
        let folder = tree(&[
            ("Shoot 12.05 Anna", JPEG),
            ("Shoot 12.05 Ben", JPEG),
            ("broken.png", b"not a picture"),
            ("developed.NEF", JPEG),
            ("scan.dat", JPEG),
        ]);
        let pictures = gather(&[folder.path().to_owned()], None).expect("gathered").pictures;
        let outputs = |naming| -> Vec<String> {
            let jobs = plan(&pictures, &Place::Beside, naming).expect("planned");
            jobs.iter().filter_map(|job| job.output.file_name()?.to_str().map(str::to_owned)).collect()
        };
        assert_eq!(
            outputs(Naming::SameFormat),
            [
                "Shoot 12.05 Anna_retouched.jpg",
                "Shoot 12.05 Ben_retouched.jpg",
                "broken_retouched.png",
                "developed_retouched.jpg",
                "scan.dat_retouched.jpg"
            ]
        );
        assert_eq!(
            outputs(Naming::Layers)[..2],
            ["Shoot 12.05 Anna_layers.zip", "Shoot 12.05 Ben_layers.zip"]
        );
    }

    #[test]
    fn takes_a_file_once_however_it_is_reached() {
        let folder = tree(&[("a.jpg", JPEG)]);
        let twice = [folder.path().to_owned(), folder.path().join("a.jpg")];
        assert_eq!(names(&gather(&twice, None).expect("gathered")), ["a.jpg"]);
    }

    #[test]
    fn names_results_after_their_content_and_place() {
        let folder = tree(&[("in/a.JPG", JPEG), ("in/deep/b.png", JPEG), ("in/c", PNG)]);
        let intake = gather(&[folder.path().join("in")], None).expect("gathered");
        let out = folder.path().join("out");
        let outputs = |place: &Place, naming| -> Vec<String> {
            let jobs = plan(&intake.pictures, place, naming).expect("planned");
            jobs.iter()
                .map(|job| {
                    job.output.strip_prefix(folder.path()).expect("below").to_string_lossy().into_owned()
                })
                .collect()
        };
        let mirrored = Place::Folder(out);
        assert_eq!(outputs(&mirrored, Naming::SameFormat), ["out/a.JPG", "out/c.png", "out/deep/b.jpg"]);
        assert_eq!(
            outputs(&mirrored, Naming::Layers),
            ["out/a_layers.zip", "out/c_layers.zip", "out/deep/b_layers.zip"]
        );
        assert_eq!(
            outputs(&mirrored, Naming::Format(Format::Png)),
            ["out/a.png", "out/c.png", "out/deep/b.png"]
        );
        assert_eq!(
            outputs(&Place::Beside, Naming::SameFormat),
            ["in/a_retouched.JPG", "in/c_retouched.png", "in/deep/b_retouched.jpg"]
        );
    }

    #[test]
    fn refuses_clashes_at_once() {
        let folder = tree(&[("1/a.jpg", JPEG), ("2/a.jpg", JPEG)]);
        let both = [folder.path().join("1"), folder.path().join("2")];
        let pictures = gather(&both, None).expect("gathered").pictures;
        let plan_to = |place| plan(&pictures, &place, Naming::SameFormat).expect_err("refused");
        assert!(matches!(plan_to(Place::Folder(folder.path().join("out"))), IntakeError::SameOutput { .. }));
        assert!(matches!(
            plan_to(Place::File(folder.path().join("x.jpg"))),
            IntakeError::OneOutputForMany(2)
        ));

        let first = &pictures[..1];
        let over =
            plan(first, &Place::Folder(folder.path().join("1")), Naming::SameFormat).expect_err("refused");
        assert!(matches!(over, IntakeError::OverInput { .. }), "{over}");
    }
}
