//! Faces: detection at the sizes that are needed, landmarks, and what counts as a false alarm.

use std::f32::consts::FRAC_PI_2;

use pixel::{Plane, Rect};

use crate::detect::{Detection, Pass, detect, suppress};
use crate::error::VisionError;
use crate::landmarks::{Crop, Mesh, read_mesh};
use crate::networks::MESH_SIDE;
use crate::parts::Part;
use crate::sight::Sight;
use crate::view::{Grid, View};

/// Long edge of the ordinary detector pass on a picture of usual shape, input pixels.
const PASS_LONG_EDGE: usize = 640;
/// Long edge of the pass for tiny faces.
const FINE_LONG_EDGE: usize = 1280;
/// Long edge of the pass for faces that fill the frame, and the border around it.
const CLOSE_LONG_EDGE: usize = 256;
/// Pictures longer than this many of their short edges are looked at in as many input pixels as those of this shape: what
/// a pass costs and how large a share of the picture it finds stay the same, where a long edge of a fixed number of
/// input pixels would leave a few rows of them on a strip.
const LONG_SHAPE: f32 = 2.0;
/// Input pixels that a strip is high at least, as the network needs.
const LEAST_ROWS: f32 = 32.0;
const CLOSE_BORDER: f32 = 0.25;
/// Side of the square of a turned pass.
const TURNED_SIDE: usize = 640;
/// A face this sure and, compared with the long edge of a picture of usual shape, this wide ends the search.
const CLEAR_SCORE: f32 = 0.8;
const CLEAR_WIDTH: f32 = 0.06;
/// Meshes below this presence are no faces.
const PRESENCE_FLOOR: f32 = 0.5;
/// A mesh is certain from this presence on, in both passes. Less, and the face may lie turned: upside down the detector
/// finds eyes below the mouth as well, and landmarks laid wrongly over a head are half believed.
const CERTAIN: f32 = 0.95;
/// A face without a mesh (profile, covered) must be this sure, and its box hold this share of skin.
const MESHLESS_SCORE: f32 = 0.8;
const MESHLESS_SKIN: f32 = 0.3;
/// Boxes that share this much of the smaller one show the same head.
const SAME_HEAD: f32 = 0.6;
/// Share of the picture that persons must cover before small faces are searched for.
const PERSON_SHARE: f64 = 0.002;
/// Share of the picture that face skin must cover before turned faces are searched for.
const FACE_SKIN_SHARE: f64 = 0.003;
/// Faces from this rank on (by size) get one landmark pass instead of two.
const STEADIED_FACES: usize = 8;
/// Up to this tilt (radians) the detector's box fits a face. It learnt from upright ones: around one that lies it is too
/// large or beside it, and what the landmarks enclose fits.
const LEVEL: f32 = 0.7;
/// From the detector's box to the width from cheek to cheek.
const WIDTH_OF_BOX: f32 = 0.95;

/// One face, in full-resolution upright pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    /// The detector's box, or that of the landmarks of a face that lies: left, top, right, bottom. It may reach beyond
    /// the picture.
    pub frame: [f32; 4],
    /// The detector's score, 0.5 to 1.
    pub score: f32,
    /// Eye at the left of the picture, eye at the right, nose tip, left and right mouth corner.
    pub points: [[f32; 2]; 5],
    /// The landmarks; `None` for a full profile or a face mostly hidden.
    pub mesh: Option<Mesh>,
    /// Distance from cheek to cheek (mesh points 234 and 454, with depth), estimated from the box without a mesh.
    pub width: f32,
}

impl Face {
    /// Centre of the face: of the mesh's bounds, or of the box.
    pub fn centre(&self) -> [f32; 2] {
        let b = self.mesh.as_ref().map_or(self.frame, Mesh::bounds);
        [(b[0] + b[2]) * 0.5, (b[1] + b[3]) * 0.5]
    }

    /// The same face on the picture reduced by averaging blocks of `by` × `by` pixels.
    pub(crate) fn shrunk(&self, by: usize) -> Self {
        let by = by as f32;
        let place = |v: f32| (v + 0.5) / by - 0.5;
        let mesh = self.mesh.clone().map(|mut mesh| {
            for point in mesh.points.iter_mut() {
                *point = [place(point[0]), place(point[1]), point[2] / by];
            }
            mesh
        });
        let points = self.points.map(|point| point.map(place));
        Self { frame: self.frame.map(place), score: self.score, points, mesh, width: self.width / by }
    }
}

/// All faces of the picture, largest first. Also see [`Sight::faces`], which remembers them.
///
/// # Errors
/// When a network cannot be loaded or run.
pub fn find_faces(sight: &Sight<'_>) -> Result<Vec<Face>, VisionError> {
    let mut detections = search(sight)?;
    detections.sort_by(|a, b| frame_width(b).total_cmp(&frame_width(a)).then(b.score.total_cmp(&a.score)));
    let mut candidates = Vec::new();
    for (rank, detection) in detections.into_iter().enumerate() {
        candidates.extend(judge(sight, detection, rank < STEADIED_FACES)?);
    }
    // Two boxes around one head: the one whose landmarks were found stays.
    candidates.sort_by_key(|face| face.mesh.is_none());
    let mut faces: Vec<Face> = Vec::new();
    for face in candidates {
        let extent = extent(&face);
        if faces.iter().all(|other| shared(&self::extent(other), &extent) < SAME_HEAD) {
            faces.push(face);
        }
    }
    faces.sort_by(|a, b| b.width.total_cmp(&a.width));
    Ok(faces)
}

/// Common area of two boxes as a share of the smaller one.
fn shared(a: &[f32; 4], b: &[f32; 4]) -> f32 {
    let area = |f: &[f32; 4]| (f[2] - f[0]).max(0.0) * (f[3] - f[1]).max(0.0);
    let common = area(&[a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    common / area(a).min(area(b)).max(f32::MIN_POSITIVE)
}

fn extent(face: &Face) -> [f32; 4] {
    face.mesh.as_ref().map_or(face.frame, Mesh::bounds)
}

fn frame_width(detection: &Detection) -> f32 {
    detection.frame[2] - detection.frame[0]
}

/// Detector passes, from the cheap and likely to the dear and rare.
fn search(sight: &Sight<'_>) -> Result<Vec<Detection>, VisionError> {
    let full = sight.full();
    let (width, height) = (full.width as f32, full.height as f32);
    let long_edge = usual_edge(width, height);
    let whole =
        |long: usize, border: f32| Pass::whole(width, height, lengthened(width, height, long), border);
    let clear = |found: &[Detection]| {
        found.iter().any(|d| d.score >= CLEAR_SCORE && frame_width(d) >= CLEAR_WIDTH * long_edge)
    };

    let mut found = run(sight, &whole(PASS_LONG_EDGE, 0.0))?;
    if clear(&found) {
        return Ok(found);
    }
    found.extend(run(sight, &Pass::whole(width, height, CLOSE_LONG_EDGE, CLOSE_BORDER))?);
    if clear(&found) {
        return Ok(suppress(found));
    }
    if long_edge > PASS_LONG_EDGE as f32 && (!found.is_empty() || sees_person(sight)?) {
        found.extend(run(sight, &whole(FINE_LONG_EDGE, 0.0))?);
    }
    if found.iter().all(|d| d.score < CLEAR_SCORE) && sees_person(sight)? && sees_face_skin(sight)? {
        for degrees in [45.0f32, -45.0, 90.0, -90.0, 180.0, 135.0, -135.0] {
            let turned = run(sight, &Pass::turned(width, height, TURNED_SIDE, degrees.to_radians()))?;
            let sure = turned.iter().any(|d| d.score >= CLEAR_SCORE);
            found.extend(turned);
            if sure {
                break;
            }
        }
    }
    Ok(suppress(found))
}

/// The long edge that a picture of these sides has, or would have if it were of usual shape and as large.
fn usual_edge(width: f32, height: f32) -> f32 {
    let (long, short) = (width.max(height), width.min(height));
    if long <= LONG_SHAPE * short { long } else { (LONG_SHAPE * long * short).sqrt() }
}

/// The long edge of a pass that has as many input pixels as one of `long` on a picture of usual shape.
fn lengthened(width: f32, height: f32, long: usize) -> usize {
    let stretch = width.max(height) / usual_edge(width, height);
    if stretch <= 1.0 {
        return long;
    }
    // Beyond this the strip would be fewer rows than the network takes, and the rest of them nothing.
    let most = (long * long) as f32 / (LONG_SHAPE * LEAST_ROWS);
    (long as f32 * stretch).min(most) as usize
}

fn run(sight: &Sight<'_>, pass: &Pass) -> Result<Vec<Detection>, VisionError> {
    with_view(sight, &pass.grid, pass.columns, pass.rows, |view| detect(sight.networks(), view, pass))
}

fn sees_person(sight: &Sight<'_>) -> Result<bool, VisionError> {
    let mask = sight.person()?;
    Ok(mask.samples().iter().filter(|&&v| v > 0.5).count() as f64 > PERSON_SHARE * mask.size().area() as f64)
}

fn sees_face_skin(sight: &Sight<'_>) -> Result<bool, VisionError> {
    let skin = sight.whole_parts()?.plane(Part::FaceSkin);
    Ok(skin.sum() > FACE_SKIN_SHARE * skin.size().area() as f64)
}

/// Turns a detection into a face, or `None` for a false alarm.
fn judge(sight: &Sight<'_>, detection: Detection, steady: bool) -> Result<Option<Face>, VisionError> {
    let Detection { frame, score, points } = detection;
    let crop = Crop::of_detection(&frame, &points);
    let mut reader = Reader { sight, seen: Vec::new() };
    let mut reading = reader.upright(crop, steady)?;
    if reading.certainty < CERTAIN && score >= MESHLESS_SCORE {
        reading = reader.turned(crop, &frame)?.unwrap_or(reading);
    }
    let mesh = reading.mesh;
    if mesh.presence >= PRESENCE_FLOOR {
        let width = mesh.width();
        let frame = if mesh.tilt().abs() > LEVEL { mesh.bounds() } else { frame };
        return Ok(Some(Face { frame, score, points, mesh: Some(mesh), width }));
    }
    if score < MESHLESS_SCORE || skin_share(sight, &frame)? < MESHLESS_SKIN {
        return Ok(None);
    }
    let width = WIDTH_OF_BOX * (frame[2] - frame[0]);
    Ok(Some(Face { frame, score, points, mesh: None, width }))
}

/// What the landmark network makes of a crop.
struct Reading {
    mesh: Mesh,
    /// The lesser presence of the last two passes, or that of the only one.
    certainty: f32,
}

impl Reading {
    fn lies_in(&self, frame: &[f32; 4]) -> bool {
        let [left, top, right, bottom] = self.mesh.bounds();
        let (x, y) = (0.5 * (left + right), 0.5 * (top + bottom));
        x >= frame[0] && x <= frame[2] && y >= frame[1] && y <= frame[3]
    }
}

/// Asks the landmark network about the crops of one detection, about no crop twice.
struct Reader<'s> {
    sight: &'s Sight<'s>,
    seen: Vec<(Crop, Mesh)>,
}

impl Reader<'_> {
    /// One pass on the crop and, if `steady`, a second one on what the first has found.
    fn upright(&mut self, crop: Crop, steady: bool) -> Result<Reading, VisionError> {
        let mesh = self.read(crop)?;
        let certainty = mesh.presence;
        let first = Reading { mesh, certainty };
        if certainty < PRESENCE_FLOOR || !steady {
            return Ok(first);
        }
        let second = self.again(&first)?;
        // A second pass that loses the face says more about its crop than about the face.
        if second.mesh.presence < PRESENCE_FLOOR {
            return Ok(Reading { certainty: second.certainty, ..first });
        }
        Ok(second)
    }

    /// One more pass, on the crop that the mesh of the last one asks for.
    fn again(&mut self, last: &Reading) -> Result<Reading, VisionError> {
        let mesh = self.read(Crop::of_mesh(&last.mesh))?;
        let certainty = last.mesh.presence.min(mesh.presence);
        Ok(Reading { mesh, certainty })
    }

    /// The most certain reading in a detector's box of a crop turned by quarters; `None` when none is certain. A box
    /// around a turned face fits badly, so the crop of the first pass need not hold the face well yet.
    fn turned(&mut self, crop: Crop, frame: &[f32; 4]) -> Result<Option<Reading>, VisionError> {
        let mut best: Option<Reading> = None;
        for quarters in [0.0, 1.0, 2.0, 3.0] {
            let tilt = crop.tilt + quarters * FRAC_PI_2;
            let mesh = self.read(Crop { tilt, ..crop })?;
            let second = self.again(&Reading { certainty: mesh.presence, mesh })?;
            let reading = self.again(&second)?;
            let beaten = best.as_ref().map_or(CERTAIN, |best| best.certainty);
            if reading.certainty > beaten && reading.lies_in(frame) {
                best = Some(reading);
            }
        }
        Ok(best)
    }

    fn read(&mut self, crop: Crop) -> Result<Mesh, VisionError> {
        if let Some((_, mesh)) = self.seen.iter().find(|(seen, _)| *seen == crop) {
            return Ok(mesh.clone());
        }
        let sight = self.sight;
        let see = |view: &View<'_>| read_mesh(sight.networks(), view, &crop);
        let mesh = with_view(sight, &crop.grid(), MESH_SIDE, MESH_SIDE, see)?;
        self.seen.push((crop, mesh.clone()));
        Ok(mesh)
    }
}

/// Mean probability of skin in the inner half of a box.
fn skin_share(sight: &Sight<'_>, frame: &[f32; 4]) -> Result<f32, VisionError> {
    const SIDE: usize = 12;
    let parts = sight.whole_parts()?;
    let mut sum = 0.0;
    for j in 0..SIDE {
        for i in 0..SIDE {
            let at = |low: f32, high: f32, k: usize| {
                low + (high - low) * (0.25 + 0.5 * (k as f32 + 0.5) / SIDE as f32)
            };
            let [_, _, body, face, _, _] = parts.at(at(frame[0], frame[2], i), at(frame[1], frame[3], j));
            sum += body + face;
        }
    }
    Ok(sum / (SIDE * SIDE) as f32)
}

/// Gives `read` the overview, or a closer look when the overview is much coarser than the grid.
fn with_view<T>(
    sight: &Sight<'_>,
    grid: &Grid,
    columns: usize,
    rows: usize,
    read: impl FnOnce(&View<'_>) -> T,
) -> T {
    let overview = sight.overview();
    let step = (grid.pitch() as usize).max(1);
    if overview.step < 1.5 * grid.pitch() || step as f32 >= overview.step {
        return read(&overview.view());
    }
    let [left, top, right, bottom] = grid.bounds(columns, rows);
    let margin = 2.0 * step as f32;
    let rect = Rect::cover(left - margin, top - margin, right + margin, bottom + margin, sight.full());
    if rect.is_empty() {
        return read(&overview.view());
    }
    let rgb: [Plane; 3] = sight.look().look(rect, step);
    let [red, green, blue] = &rgb;
    read(&View { rgb: [red, green, blue], origin: [rect.x as f32, rect.y as f32], step: step as f32 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::Networks;
    use crate::sight::tests::{Grey, grey};

    #[test]
    fn a_strip_is_looked_at_in_as_many_input_pixels_as_a_picture_of_usual_shape() {
        for (width, height) in [(6000.0, 4000.0), (4000.0, 2000.0), (300.0, 200.0), (1.0, 1.0)] {
            assert_eq!(lengthened(width, height, PASS_LONG_EDGE), PASS_LONG_EDGE);
            assert_eq!(usual_edge(width, height), width);
        }
        let cells = |width: f32, height: f32| {
            let pass = Pass::whole(width, height, lengthened(width, height, PASS_LONG_EDGE), 0.0);
            (pass.columns * pass.rows, pass.grid.pitch())
        };
        let (usual, _) = cells(6000.0, 4000.0);
        for (width, height) in [(12_000.0, 300.0), (300.0, 12_000.0), (9000.0, 3000.0), (60_000.0, 1.0)] {
            let (count, _) = cells(width, height);
            assert!(count <= usual, "{width} by {height}: {count} of {usual}");
        }
        let (_, pitch) = cells(12_000.0, 300.0);
        assert!(pitch < 4.5, "a face 75 pixels wide is {} input pixels wide", 75.0 / pitch);
    }

    #[test]
    fn no_crop_is_read_twice() {
        let networks = Networks::new(1);
        let sight = Sight::new(&networks, grey(200, 200), &Grey).expect("has pixels");
        let mut reader = Reader { sight: &sight, seen: Vec::new() };
        let crop = Crop { centre: [100.0, 100.0], side: 90.0, tilt: 0.0 };
        reader.upright(crop, true).expect("runs");
        reader.turned(crop, &[55.0, 55.0, 145.0, 145.0]).expect("runs");
        let seen: Vec<Crop> = reader.seen.iter().map(|(crop, _)| *crop).collect();
        assert!((0..seen.len()).all(|n| !seen[..n].contains(&seen[n])), "{seen:?}");
        assert!(seen.len() >= 10, "all four quarters were looked at: {}", seen.len());
    }

    #[test]
    fn a_box_within_a_box_is_the_same_head() {
        assert!(shared(&[0.0, 0.0, 10.0, 10.0], &[2.0, 2.0, 8.0, 8.0]) > SAME_HEAD);
        assert!(shared(&[0.0, 0.0, 10.0, 10.0], &[8.0, 0.0, 18.0, 10.0]) < SAME_HEAD);
    }
}
