//! Tells scratches and stray hairs from all the lines that a face has of its own.

use super::anatomy::Anatomy;
use super::lines::Line;
use super::look::Look;
use super::ramp;

/// Yellow over redness from which, to which, and up to which, a red line is a scratch: blood makes skin redder and hardly
/// more yellow, in a crease skin lights skin and both grow. Where less yellow is left than redness came, skin shows
/// between paler hair.
const CREASE_TINT: [f32; 2] = [0.5, 0.65];
const BESIDE_HAIR: [f32; 2] = [-0.6, -0.3];
/// Redness over darkness up to which a dark line is a hair, and from which it is a crease: in a crease light goes
/// through the skin and comes back warmer, a hair only shades it.
const HAIR_HUE: [f32; 2] = [0.16, 0.3];
/// Least colour over darkness that tells that at all; black-and-white pictures have none.
const HUELESS: f32 = 0.02;
/// Distance, in face widths, within which lines of one direction are taken for wrinkles.
const FURROWS: f32 = 0.09;
/// Number of lines beside from which, to which, a line of the colour of creases is one of several furrows; hairs need
/// one more, as they lie side by side at the hairline only.
const BESIDE: [f32; 2] = [0.9, 2.0];

/// How surely a line is a scratch or a stray hair and none of the person's own, 0..1.
pub(super) fn passing(look: &Look, anatomy: Option<&Anatomy<'_>>, line: &Line, all: &[Line]) -> f32 {
    // Dark lines of neck and body are chains, straps and folds as often as hairs.
    let [x, y] = line.middle.map(|v| v as usize);
    if look.face.at(x, y) < 0.5 && !is_of_blood(line.shift) {
        return 0.0;
    }
    // Pale lines are rims of light, scars and bristles.
    let red = is_red_line(line);
    if line.shift[0] >= 0.0 && !red {
        return 0.0;
    }
    let belongs = |anatomy: &Anatomy<'_>| match red {
        true => anatomy.is_at_lips(line) || anatomy.is_at_nose_wing(line),
        false => anatomy.is_of_outline(line) || anatomy.is_of_hair(line),
    };
    if anatomy.is_some_and(belongs) {
        return 0.0;
    }
    let tint = if red {
        scratch_hue(line)
    } else if is_hueless(line) {
        1.0
    } else {
        hair_hue(line)
    };
    tint * (1.0 - furrow(look, line, all))
}

/// How surely a red line has the colour of a scratch, 0..1.
fn scratch_hue(line: &Line) -> f32 {
    let [_, a, b] = line.shift;
    let yellow = b / a.max(0.1);
    ramp(yellow, [CREASE_TINT[1], CREASE_TINT[0]]).min(ramp(yellow, BESIDE_HAIR))
}

/// How surely a dark line has the colour of a hair and not of a crease, 0..1.
pub(super) fn hair_hue(line: &Line) -> f32 {
    let [l, a, _] = line.shift;
    if l >= 0.0 || is_hueless(line) { 0.0 } else { 1.0 - ramp(a / -l, HAIR_HUE) }
}

fn is_hueless(line: &Line) -> bool {
    let [l, a, b] = line.shift;
    a.abs() + b.abs() < HUELESS * l.abs()
}

/// How surely a line is one of the furrows of a face, 0..1: soft, red-brown, beside others of its direction.
fn furrow(look: &Look, line: &Line, all: &[Line]) -> f32 {
    let beside = all
        .iter()
        .filter(|other| {
            let [dx, dy] = [0, 1].map(|k| line.middle[k] - other.middle[k]);
            let across = (dy * line.angle.cos() - dx * line.angle.sin()).abs();
            let near = dx.hypot(dy) < FURROWS * look.width && across > 0.008 * look.width;
            other.saliency > 0.6
                && near
                && line.turned(other.angle) < 0.35
                && other.length > 0.4 * line.length
        })
        .count() as f32;
    ramp(beside - hair_hue(line), BESIDE)
}

/// A scratch rather than a hair or a furrow.
pub(super) fn is_red_line(line: &Line) -> bool {
    line.shift[1] > 0.6 * line.shift[0].abs()
}

/// At least about as much redder as it is darker or lighter.
pub(super) fn is_of_blood([l, a, _]: [f32; 3]) -> bool {
    a > 0.9 * l.abs()
}

#[cfg(test)]
mod tests {
    use pixel::Plane;

    use super::super::tests::{SIZE, look, skin};
    use super::*;

    /// How surely a lone line of that colour, in the middle of the face, passes.
    fn passes(shift: [f32; 3]) -> f32 {
        let look = look(skin(), Plane::filled(SIZE, 1.0), Plane::filled(SIZE, 1.0));
        let spine: Vec<usize> = (180..220).map(|x| 200 * SIZE.width + x).collect();
        let rays = vec![[1.0, 0.0]; spine.len()];
        let line =
            Line { saliency: 2.0, shift, spine, rays, angle: 0.0, length: 40.0, middle: [200.0, 200.0] };
        passing(&look, None, &line, &[])
    }

    #[test]
    fn scratches_pass_and_creases_that_are_as_much_yellower_stay() {
        for scratch in [[-6.0, 11.0, 2.0], [-5.0, 8.0, 0.0], [-4.0, 9.0, 3.9], [3.0, 9.0, 1.0]] {
            assert_eq!(passes(scratch), 1.0, "{scratch:?}");
        }
        for crease in [[-10.0, 7.0, 4.6], [-8.0, 6.5, 7.0], [-4.4, 3.0, 3.9]] {
            assert_eq!(passes(crease), 0.0, "{crease:?}");
        }
        assert_eq!(passes([-4.7, 4.4, -3.3]), 0.0, "skin between paler hairs");
    }

    #[test]
    fn hairs_pass_and_dark_lines_with_the_warmth_of_creases_stay() {
        for hair in [[-14.0, 1.0, 2.0], [-9.0, -2.0, -3.0]] {
            assert_eq!(passes(hair), 1.0, "{hair:?}");
        }
        assert_eq!(passes([-9.0, 3.6, 4.0]), 0.0);
        assert_eq!(passes([-9.0, 0.0, 0.0]), 1.0, "black-and-white pictures do not tell");
        assert_eq!(passes([9.0, 0.0, 0.0]), 0.0, "a rim of light");
    }
}
