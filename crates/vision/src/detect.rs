//! The face detector: where it looks, how its answers are decoded, and which of several answers stays.

use crate::error::VisionError;
use crate::networks::Networks;
use crate::view::{Beyond, Grid, View, sample};

/// Mean B, G, R of the pictures the detector was trained on (RetinaFace), 0 to 255.
const MEAN_BGR: [f32; 3] = [104.0, 117.0, 123.0];
/// Anchor strides and, for each, the two anchor sides in input pixels (RetinaFace, MobileNet-0.25).
const ANCHORS: [(usize, [f32; 2]); 3] = [(8, [16.0, 32.0]), (16, [64.0, 128.0]), (32, [256.0, 512.0])];
/// Candidates below this score are no faces.
const SCORE_FLOOR: f32 = 0.5;
/// Of two boxes that overlap more than this (intersection over union) the weaker goes.
const OVERLAP_LIMIT: f32 = 0.4;

/// One answer of the detector in full-resolution upright pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// Left, top, right, bottom.
    pub frame: [f32; 4],
    /// 0.5 to 1.
    pub score: f32,
    /// Eye at the left of the face, eye at its right (seen upright), nose tip, left and right mouth corner.
    pub points: [[f32; 2]; 5],
}

/// Where one pass of the detector looks: a grid of `columns` × `rows` (multiples of 32) input pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass {
    pub grid: Grid,
    pub columns: usize,
    pub rows: usize,
}

impl Pass {
    /// The whole picture with `long` input pixels on the long edge and `border` (a share of that edge) of nothing
    /// around it, so that faces that fill the frame are seen with room around them.
    pub fn whole(width: f32, height: f32, long: usize, border: f32) -> Self {
        let step = width.max(height) / long as f32;
        let margin = border * width.max(height);
        let cells = |side: f32| ((side + 2.0 * margin) / step / 32.0 - 1e-3).ceil().max(1.0) as usize * 32;
        let (columns, rows) = (cells(width), cells(height));
        let grid =
            Grid::stretched(-margin, -margin, columns as f32 * step, rows as f32 * step, columns, rows);
        Self { grid, columns, rows }
    }

    /// The whole picture turned by `angle` (radians) in a square of `side` input pixels.
    pub fn turned(width: f32, height: f32, side: usize, angle: f32) -> Self {
        let reach = width.hypot(height);
        let centre = [width * 0.5 - 0.5, height * 0.5 - 0.5];
        Self { grid: Grid::turned(centre, reach, angle, side), columns: side, rows: side }
    }
}

/// Runs the detector once; the answers overlap no more than 40 % and are sorted by falling score.
pub(crate) fn detect(
    networks: &Networks,
    view: &View<'_>,
    pass: &Pass,
) -> Result<Vec<Detection>, VisionError> {
    let rgb = sample(view, &pass.grid, pass.columns, pass.rows, Beyond::Nothing);
    let area = pass.columns * pass.rows;
    let mut bgr = Vec::with_capacity(3 * area);
    for (channel, mean) in [2, 1, 0].into_iter().zip(MEAN_BGR) {
        let plane = &rgb[channel * area..(channel + 1) * area];
        bgr.extend(plane.iter().map(|v| if v.is_nan() { 0.0 } else { v * 255.0 - mean }));
    }
    let answers = networks.detect(bgr, pass.columns, pass.rows)?;
    Ok(suppress(decode(&answers, pass)))
}

fn decode(answers: &[Vec<f32>; 3], pass: &Pass) -> Vec<Detection> {
    let [offsets, classes, points] = answers;
    let mut detections = Vec::new();
    let mut anchor = 0;
    for (stride, sides) in ANCHORS {
        for row in 0..pass.rows.div_ceil(stride) {
            for column in 0..pass.columns.div_ceil(stride) {
                for side in sides {
                    let score = classes[2 * anchor + 1];
                    if score >= SCORE_FLOOR {
                        let centre =
                            [(column as f32 + 0.5) * stride as f32, (row as f32 + 0.5) * stride as f32];
                        let offsets = &offsets[4 * anchor..4 * anchor + 4];
                        let points = &points[10 * anchor..10 * anchor + 10];
                        detections.push(place(pass, centre, side, offsets, points, score));
                    }
                    anchor += 1;
                }
            }
        }
    }
    detections
}

/// Decodes one anchor (variances 0.1 and 0.2 as in SSD) and maps it to the picture.
fn place(pass: &Pass, anchor: [f32; 2], side: f32, offsets: &[f32], points: &[f32], score: f32) -> Detection {
    // Input pixel edges are whole numbers, grid positions are pixel centres.
    let map = |x: f32, y: f32| pass.grid.place(x - 0.5, y - 0.5);
    let centre = map(anchor[0] + offsets[0] * 0.1 * side, anchor[1] + offsets[1] * 0.1 * side);
    let pitch = pass.grid.pitch();
    let mut half = [0, 1].map(|k| 0.5 * pitch * side * (offsets[2 + k] * 0.2).exp());
    if pass.grid.right[1] != 0.0 {
        half = [half[0].max(half[1]); 2];
    }
    let frame = [centre[0] - half[0], centre[1] - half[1], centre[0] + half[0], centre[1] + half[1]];
    let points = std::array::from_fn(|k| {
        map(anchor[0] + points[2 * k] * 0.1 * side, anchor[1] + points[2 * k + 1] * 0.1 * side)
    });
    Detection { frame, score, points }
}

/// Greedy non-maximum suppression.
pub(crate) fn suppress(mut detections: Vec<Detection>) -> Vec<Detection> {
    detections.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Detection> = Vec::new();
    for detection in detections {
        if kept.iter().all(|k| overlap(&k.frame, &detection.frame) <= OVERLAP_LIMIT) {
            kept.push(detection);
        }
    }
    kept
}

/// Intersection over union of two boxes (left, top, right, bottom).
pub(crate) fn overlap(a: &[f32; 4], b: &[f32; 4]) -> f32 {
    let area = |f: &[f32; 4]| (f[2] - f[0]).max(0.0) * (f[3] - f[1]).max(0.0);
    let common = area(&[a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    common / (area(a) + area(b) - common).max(f32::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(frame: [f32; 4], score: f32) -> Detection {
        Detection { frame, score, points: [[0.0; 2]; 5] }
    }

    #[test]
    fn suppression_keeps_the_strongest_of_overlapping_boxes() {
        let kept = suppress(vec![
            at([0.0, 0.0, 10.0, 10.0], 0.7),
            at([1.0, 1.0, 11.0, 11.0], 0.9),
            at([30.0, 0.0, 40.0, 10.0], 0.6),
        ]);
        assert_eq!(kept.iter().map(|d| d.score).collect::<Vec<_>>(), [0.9, 0.6]);
    }

    #[test]
    fn a_pass_covers_the_picture_in_multiples_of_32() {
        let pass = Pass::whole(3000.0, 2000.0, 640, 0.0);
        assert_eq!((pass.columns, pass.rows), (640, 448));
        let bounds = pass.grid.bounds(pass.columns, pass.rows);
        assert!(bounds[0].abs() < 1.0 && bounds[2] >= 2999.0 && bounds[3] >= 1999.0, "{bounds:?}");
    }

    #[test]
    fn decoding_puts_a_centred_anchor_where_it_lies() {
        let pass = Pass::whole(64.0, 64.0, 64, 0.0);
        let cells: usize = ANCHORS.iter().map(|(stride, _)| 2 * (64 / stride) * (64 / stride)).sum();
        let (mut classes, offsets, points) =
            (vec![0.0; 2 * cells], vec![0.0; 4 * cells], vec![0.0; 10 * cells]);
        classes[2 * 3 + 1] = 0.9;
        let found = decode(&[offsets, classes, points], &pass);
        assert_eq!(found.len(), 1);
        // Anchor 3: second side of the second cell of stride 8, centred at (12, 4) in pixel edges.
        assert_eq!(found[0].frame, [12.0 - 16.5, 4.0 - 16.5, 12.0 + 15.5, 4.0 + 15.5]);
    }

    #[test]
    fn grey_has_no_face() {
        let plane = pixel::Plane::filled(pixel::Size::new(96, 64), 0.5);
        let view = View { rgb: [&plane, &plane, &plane], origin: [0.0, 0.0], step: 1.0 };
        let found = detect(&Networks::new(1), &view, &Pass::whole(96.0, 64.0, 96, 0.0)).expect("runs");
        assert!(found.is_empty());
    }
}
