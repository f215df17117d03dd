//! The skin around one face at the resolution at which blemishes are looked for, and where they may be healed.

use pixel::colour::Lab;
use pixel::filter::{label, reduce};
use pixel::{Plane, Rect, Size};
use rayon::prelude::*;
use vision::Mesh;
use vision::landmarks::{AXIS, NOSTRILS};
use vision::regions::Matte;

use super::grid::{carry, grown, grown_by};
use crate::scene::{FaceView, Scene};

/// Face width, in samples, that shows specks and hairs and leaves out noise.
const FACE_WIDTH: f32 = 640.0;
/// Narrower faces, in pixels, show no blemishes.
const SMALLEST_FACE: f32 = 48.0;
/// How far from the face blemishes are looked for, in face widths: sideways, up, down.
const REACH: [f32; 3] = [0.12, 0.35, 0.75];
/// Enclosed holes of the skin matte smaller than this, in face widths, are marks on skin.
const HOLE: f32 = 0.045;
/// Distances that are kept, in face widths: to eyes, to mouth and brows, to finer features, to the skin's edge.
const CLEAR_EYES: f32 = 0.038;
const CLEAR_MOUTH: f32 = 0.02;
const CLEAR_OTHERS: f32 = 0.009;
const CLEAR_EDGE: f32 = 0.018;
/// Share of these distances that is kept by what lies around the middle of a mark.
const CLEAR_OF_REST: f32 = 0.4;
/// How far the face reaches beyond its outline, in face widths.
const FACE_RIM: f32 = 0.02;
/// How far beyond a brow or beard its hairs reach, in face widths.
const HAIR_RIM: f32 = 0.035;
/// Mesh point between the brows.
const BROW_LINE: usize = 9;
/// Distances kept from the detector's points when there are no landmarks: eyes, nose, corners of the mouth.
const CLEAR_POINTS: [f32; 5] = [0.2, 0.2, 0.14, 0.16, 0.16];

/// The working picture of one face.
pub(super) struct Look {
    /// Full-resolution rectangle that is covered; samples start at its corner.
    pub rect: Rect,
    /// Full-resolution pixels a sample.
    pub step: usize,
    /// Face width in samples.
    pub width: f32,
    /// The picture so far, CIELAB.
    pub lab: Lab,
    /// 1 on this person's skin, marks included, features excluded.
    pub skin: Plane,
    /// 1 where a mark may be healed: skin at a distance from features, hair and edges.
    pub zone: Plane,
    /// 1 where a mark of the zone may reach and is still healed: nearer to what must not be touched.
    pub reach: Plane,
    /// 1 on brows and beard as they are seen, and as near to them as their hairs reach.
    pub hair: Plane,
    /// 1 on the face itself; the rest is neck and body. All 1 without landmarks.
    pub face: Plane,
}

impl Look {
    /// Reads the skin around a face; `None` when there is none, or too little of it.
    pub fn open(scene: &Scene<'_>, view: &FaceView, face_width: f32) -> Option<Self> {
        if face_width < SMALLEST_FACE {
            return None;
        }
        let near = near_skin(view)?;
        let grid = view.canvas.grid;
        let rect = Rect::from_edges(
            grid.x + near.x * grid.step,
            grid.y + near.y * grid.step,
            grid.x + near.right() * grid.step,
            grid.y + near.bottom() * grid.step,
        )
        .intersect(grid.rect);
        let step = ((face_width / FACE_WIDTH).round() as usize).max(1);
        let rgb = read_reduced(scene, rect, step);
        let lab = scene.lab(&rgb);
        let width = face_width / step as f32;
        let (skin, [clear, reach]) = skin_and_clear(view, near);
        let size = lab.size();
        let scale = step as f32 / grid.step as f32;
        let sample = |mask: &Plane| {
            let mut fine = carry(mask, size, scale, 0.5 * scale - 0.5);
            fine.apply(|v| if v >= 0.5 { 1.0 } else { 0.0 });
            fine
        };
        let (skin, zone, reach) = (sample(&skin), sample(&clear), sample(&reach));
        let features = &view.regions.features;
        let hair = seen(&[&features.brows, &features.beard], near);
        let hair = sample(&grown(&hair, HAIR_RIM * view.width()));
        let face = match &view.face.mesh {
            Some(_) => sample(&grown(&view.regions.oval.crop(near), FACE_RIM * view.width())),
            None => Plane::filled(size, 1.0),
        };
        (zone.max() > 0.0).then_some(Self { rect, step, width, lab, skin, zone, reach, hair, face })
    }

    /// Bytes held.
    pub fn memory(&self) -> usize {
        8 * self.size().area() * size_of::<f32>()
    }

    /// Width and height in samples.
    pub fn size(&self) -> Size {
        self.lab.size()
    }
}

/// The samples of the face canvas that hold this face's skin and that of the neck.
fn near_skin(view: &FaceView) -> Option<Rect> {
    let bounds = view.face.mesh.as_ref().map_or(view.face.frame, vision::Mesh::bounds);
    let (canvas, width) = (&view.canvas, view.face.width);
    let [side, up, down] = REACH.map(|share| share * width);
    let (left, top) = canvas.position(bounds[0] - side, bounds[1] - up);
    let (right, bottom) = canvas.position(bounds[2] + side, bounds[3] + down);
    let reach = Rect::cover(left, top, right + 1.0, bottom + 1.0, canvas.size());
    view.regions.skin.extent(reach, |v| v > 0.5)
}

/// Skin with its marks, and 1 where the distance to all that must not be touched is kept: by the middle of a mark, and
/// by the rest of it; all on the face canvas inside `near`.
fn skin_and_clear(view: &FaceView, near: Rect) -> (Plane, [Plane; 2]) {
    let features = &view.regions.features;
    let union = |mattes: &[&Matte]| seen(mattes, near);
    let eyes = union(&[&features.eyes[0].opening, &features.eyes[1].opening]);
    let mouth = union(&[&features.mouth.lips, &features.mouth.mouth, &features.brows]);
    let others = union(&[&features.lashes, &features.nostrils, &features.beard, &features.glasses]);
    let width = view.width();
    let mut skin = view.regions.skin.crop(near).map(|v| if v > 0.5 { 1.0 } else { 0.0 });
    fill_holes(&mut skin, &[&eyes, &mouth, &others], HOLE * width);

    let outside = skin.map(|v| 1.0 - v);
    let groups = [(eyes, CLEAR_EYES), (mouth, CLEAR_MOUTH), (others, CLEAR_OTHERS), (outside, CLEAR_EDGE)];
    let mut clear = [1.0, 1.0].map(|all| Plane::filled(near.size(), all));
    for (group, distance) in &groups {
        let radii = [1.0, CLEAR_OF_REST].map(|share| (share * distance * width).max(1.0));
        for (clear, near) in clear.iter_mut().zip(grown_by(group, radii)) {
            clear.apply_with(&near, |clear, near| if near > 0.5 { 0.0 } else { clear });
        }
    }
    match &view.face.mesh {
        Some(mesh) => keep_off_nose_and_ears(view, mesh, near, &mut clear),
        None => clear.iter_mut().for_each(|clear| keep_off_points(view, near, clear)),
    }
    (skin, clear)
}

/// 1 where one of these features is seen, on the face canvas inside `near`.
fn seen(mattes: &[&Matte], near: Rect) -> Plane {
    let mut all = Plane::zeros(near.size());
    for matte in mattes {
        all.apply_with(&matte.within(near), f32::max);
    }
    all.map(|v| if v > 0.25 { 1.0 } else { 0.0 })
}

/// Adds enclosed holes of the skin that are no feature and not larger than `size` samples across.
fn fill_holes(skin: &mut Plane, features: &[&Plane], size: f32) {
    let free = Plane::from_fn(skin.size(), |x, y| {
        let feature = features.iter().any(|plane| plane.at(x, y) > 0.5);
        if skin.at(x, y) > 0.5 || feature { 0.0 } else { 1.0 }
    });
    let holes = label(&free);
    let (columns, rows) = (skin.width(), skin.height());
    let filled = holes.mask(|index| {
        let b = holes.bounds[index];
        let inside = b.x > 0 && b.y > 0 && b.right() < columns && b.bottom() < rows;
        inside && (holes.areas[index] as f32) < size * size && b.width.max(b.height) as f32 <= 2.0 * size
    });
    skin.apply_with(&filled, f32::max);
}

/// Nostrils may be too light to be seen as such, and ears are full of folds: their places alone count.
fn keep_off_nose_and_ears(view: &FaceView, mesh: &Mesh, near: Rect, clear: &mut [Plane; 2]) {
    let (width, up) = (view.width(), mesh.up());
    let place = |point: [f32; 2]| {
        let (x, y) = view.canvas.position(point[0], point[1]);
        [x - near.x as f32, y - near.y as f32]
    };
    let nostrils = NOSTRILS.map(|ring| {
        let points: Vec<[f32; 2]> = mesh.ring(&ring).into_iter().map(place).collect();
        let mean = |k: usize| points.iter().map(|p| p[k]).sum::<f32>() / points.len() as f32;
        let centre = [mean(0), mean(1)];
        let radius = points.iter().map(|p| (p[0] - centre[0]).hypot(p[1] - centre[1])).fold(0.0, f32::max);
        (centre, 0.9 * radius + 0.004 * width)
    });
    let (brow, chin) = (place(mesh.point(BROW_LINE)), place(mesh.point(AXIS[1])));
    let height = |p: [f32; 2], of: [f32; 2]| (p[0] - of[0]) * up[0] + (p[1] - of[1]) * up[1];
    let face = grown(&view.regions.oval.crop(near), 0.015 * width);
    for j in 0..face.height() {
        for i in 0..face.width() {
            let p = [i as f32, j as f32];
            let nose = |(centre, radius): &([f32; 2], f32)| {
                (p[0] - centre[0]).powi(2) + (p[1] - centre[1]).powi(2) < radius.max(1.0).powi(2)
            };
            let ear = face.at(i, j) < 0.5 && height(p, brow) < 0.15 * width && height(p, chin) > 0.1 * width;
            if ear {
                clear.iter_mut().for_each(|clear| *clear.at_mut(i, j) = 0.0);
            } else if nostrils.iter().any(nose) {
                *clear[0].at_mut(i, j) = 0.0;
            }
        }
    }
}

/// Without landmarks the detector's five points say where eyes, nose and mouth are.
fn keep_off_points(view: &FaceView, near: Rect, clear: &mut Plane) {
    let width = view.width();
    for (point, radius) in view.face.points.iter().zip(CLEAR_POINTS) {
        let (x, y) = view.canvas.position(point[0], point[1]);
        let (x, y) = (x - near.x as f32, y - near.y as f32);
        for j in 0..clear.height() {
            for i in 0..clear.width() {
                if (i as f32 - x).hypot(j as f32 - y) < radius * width {
                    *clear.at_mut(i, j) = 0.0;
                }
            }
        }
    }
}

/// The picture so far over `rect`, averaged over `step` × `step` blocks, strip by strip.
fn read_reduced(scene: &Scene<'_>, rect: Rect, step: usize) -> [Plane; 3] {
    const STRIP: usize = 32;
    let strips: Vec<[Plane; 3]> = (0..rect.height.div_ceil(STRIP * step))
        .into_par_iter()
        .map(|n| {
            let top = rect.y + n * STRIP * step;
            let bottom = (top + STRIP * step).min(rect.bottom());
            let strip = Rect::from_edges(rect.x, top, rect.right(), bottom);
            scene.read(strip).map(|plane| reduce(&plane, step))
        })
        .collect();
    let size = Size::new(rect.width.div_ceil(step), rect.height.div_ceil(step));
    [0, 1, 2].map(|c| {
        let mut samples = Vec::with_capacity(size.area());
        strips.iter().for_each(|strip| samples.extend_from_slice(strip[c].samples()));
        Plane::from_vec(size, samples)
    })
}
