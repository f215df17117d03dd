//! Judges what was found: passing marks are healed, what a person always wears stays.

use vision::Mesh;

use super::anatomy::Anatomy;
use super::lines::Line;
use super::look::Look;
use super::ramp;
use super::spots::Spot;
use super::strays::{is_of_blood, passing};

/// Contrast from which, to which, a compact brown spot is a mole: on skin without inflamed marks (optical density, so
/// that dark skin's moles count as much), on inflamed skin, where many dark spots are scabs and what pimples leave
/// (plain CIELAB), and there when it has no redness at all.
const MOLE: [[f32; 2]; 3] = [[4.5, 6.0], [18.0, 22.0], [14.0, 18.0]];
/// Number of clear red marks from which, to which, a face counts as inflamed, and the saliency that makes one clear.
const INFLAMED: [f32; 2] = [3.5, 5.5];
const CLEARLY: f32 = 1.2;
/// The same for the skin around one spot, where marks count less with their distance, and that distance (Gaussian
/// sigma, face widths): a spot on a clear cheek owes nothing to the pimples of the forehead.
const INFLAMED_NEAR: [f32; 2] = [0.5, 1.2];
const NEAR: f32 = 0.3;
/// Redness over darkness from which, to which, a brown spot has something of blood.
const BLOOD: [f32; 2] = [0.06, 0.14];
/// Visible radius, in face widths, from which, to which, a dark spot is no speck or blackhead any more; and the redness
/// over darkness that small spots of melanin have and dirt has not.
const MOLE_SIZE: [f32; 2] = [0.0068, 0.009];
const MOLE_HUE: [f32; 2] = [0.1, 0.2];
/// Length over breadth from which, to which, what looks like a spot is a stretch of a fold or of the edge of a form:
/// red ones (pimples run into each other), dark ones, pale ones.
const GOES_ON: [[f32; 2]; 3] = [[2.2, 2.8], [1.8, 2.2], [2.0, 2.6]];
/// Share of a mark that lies where nothing is healed from which, to which, it is left whole.
const CUT: [f32; 2] = [0.12, 0.25];
/// Number of alike spots nearby from which, to which, brown ones turn to freckles and pale ones to bristles or the shine
/// of rough skin; and how near.
const FRECKLES: [f32; 2] = [14.0, 22.0];
const FRECKLED: f32 = 0.22;
/// Visible radius, in face widths, from which, to which, a mark is too large for a blemish: red ones, dark ones, and
/// pale ones, which are shine when they are larger than a flake or the head of a pustule.
const LARGEST: [[f32; 2]; 3] = [[0.03, 0.036], [0.022, 0.028], [0.0125, 0.0165]];
/// Saliency up to which, and from which on not, a brown or pale spot at a brow or a beard is one of its hairs.
const BRISTLE: [f32; 2] = [1.3, 1.5];
/// Contrast and visible radius (face widths) from which, to which, a pale spot is the glint of a bristle or of
/// jewellery: flakes are not so bright, specks of dust are smaller. And its yellow over its lightness from which, to
/// which, it is the head of a pustule all the same.
const GLINT: [f32; 2] = [14.0, 18.0];
const GLINT_SIZE: [f32; 2] = [0.0045, 0.006];
const PUS: [f32; 2] = [0.1, 0.3];
/// Redness that the core of a pale spot lacks against the skin around, over what it has more of lightness, from which,
/// to which, what it lies in is an inflamed ring: shine takes little colour off skin.
const RING: [f32; 2] = [0.35, 0.6];
/// Yellow of a pale spot over its lightness from which, to which, there is pus in it when it lies in a red mark: shine
/// and bristles are hardly yellower than skin.
const YELLOW: [f32; 2] = [0.4, 0.8];
/// Saliency, against what is needed, from which, to which, a mark is clear: close together, as what is healed in part
/// leaves a ghost.
const CLEAR: [f32; 2] = [0.95, 1.03];
/// Certainty from which, to which, a decision is made: half a mole, and half a pimple, is worse than either.
const DECIDED: [f32; 2] = [0.35, 0.65];
/// How near to a line a spot's middle lies that is a piece of it, and how long that line is, in radii of the spot.
const PIECE: [f32; 2] = [0.7, 3.2];
/// Contrast from which on a pale spot sparks, how near to it, in its radii, a dark line is part of what sparks, and how
/// long that line is at most: the shade and the rim of a stud are as small as itself, a hair goes on.
const SPARK: f32 = 9.0;
const RIM: [f32; 2] = [1.5, 5.0];
/// What is done to everything found.
pub(super) struct Verdict {
    /// Share of each spot that is healed, 0..1.
    pub spots: Vec<f32>,
    /// Share of each line that is healed, 0..1.
    pub lines: Vec<f32>,
    /// Clear marks that stay: moles, freckles, large patches.
    pub kept: usize,
}

/// A spot with what speaks for leaving it alone.
struct Suspect<'a> {
    spot: &'a Spot,
    /// How surely it belongs to the person, 0..1.
    permanence: f32,
    /// How surely it is wide or goes on, 0..1.
    extends: f32,
    /// How surely the edge of the zone cuts it, 0..1.
    cut: f32,
}

/// Decides at a sensitivity (0..1).
pub(super) fn judge(
    look: &Look,
    mesh: Option<&Mesh>,
    spots: &[Spot],
    lines: &[Line],
    sensitivity: f32,
) -> Verdict {
    // Halving the sensitivity asks for marks about twice as clear; at nothing nothing is clear enough.
    let needed = sensitivity.clamp(1e-3, 1.0).powf(-0.9);
    let clear = |saliency: f32| ramp(saliency / needed, CLEAR);
    let anatomy = mesh.map(|mesh| Anatomy::new(look, mesh));
    let inflamed = inflamed_marks(look, spots);
    let suspects: Vec<Suspect<'_>> = spots
        .iter()
        .map(|spot| Suspect {
            spot,
            permanence: permanence(look, anatomy.as_ref(), spot, spots, &inflamed),
            extends: extends(look, spot),
            cut: ramp(spot.cut, CUT),
        })
        .collect();
    let stays = |suspect: &&Suspect<'_>| {
        let Suspect { spot, permanence, extends, .. } = suspect;
        spot.first && permanence.max(*extends) > 0.5 && spot.saliency > 1.0
    };
    let kept = suspects.iter().filter(stays).count();
    let line_shares: Vec<f32> = lines
        .iter()
        .map(|line| {
            if spots.iter().any(|spot| is_rim(look, line, spot)) {
                return 0.0;
            }
            let doubt = anatomy.as_ref().map_or(1.0, |anatomy| anatomy.doubt(line));
            clear(line.saliency / doubt) * passing(look, anatomy.as_ref(), line, lines)
        })
        .collect();
    let healed: Vec<(&Line, f32)> =
        lines.iter().zip(line_shares.iter().copied()).filter(|(_, share)| *share > 0.0).collect();
    let spot_shares = suspects
        .iter()
        .map(|Suspect { spot, permanence, extends, cut }| {
            // A stretch of a line is healed with the line.
            let pieces = healed.iter().filter(|(line, _)| is_piece(look, spot, line));
            let piece = pieces.map(|&(_, share)| share).fold(0.0, f32::max);
            // The same mark seen at another size is judged with it. What is wide or goes on at one size may hold
            // something small and round that does not; at the edge of a shadow it does not.
            let again =
                suspects.iter().filter(|other| other.spot.first && !spot.first && meet(spot, other.spot));
            let again =
                again.map(|other| other.permanence.max(other.cut).max((1.0 - spot.even) * other.extends));
            let stays = again.fold(permanence.max(*extends).max(*cut), f32::max);
            clear(spot.saliency) * (1.0 - ramp(stays, DECIDED)) * (1.0 - ramp(piece, DECIDED))
        })
        .collect();
    Verdict { spots: spot_shares, lines: line_shares, kept }
}

/// True when a spot is a stretch of a line.
fn is_piece(look: &Look, spot: &Spot, line: &Line) -> bool {
    line.length > PIECE[1] * spot.radius && goes_through(look, line, spot, PIECE[0])
}

/// True when a dark line is the rim of a spark, as small as it is: jewellery.
fn is_rim(look: &Look, line: &Line, spot: &Spot) -> bool {
    let sparks = kind(spot) == Kind::Pale && spot.contrast > SPARK && spot.saliency > CLEARLY;
    sparks
        && line.shift[0] < 0.0
        && line.length < RIM[1] * spot.radius
        && goes_through(look, line, spot, RIM[0])
}

/// True when a line goes through what lies within so many `radii` of a spot.
fn goes_through(look: &Look, line: &Line, spot: &Spot, radii: f32) -> bool {
    let width = look.size().width;
    let near = (radii * spot.radius + 1.0).powi(2);
    let away = |&i: &usize| ((i % width) as f32 - spot.x).powi(2) + ((i / width) as f32 - spot.y).powi(2);
    line.spine.iter().any(|i| away(i) < near)
}

fn meet(a: &Spot, b: &Spot) -> bool {
    (a.x - b.x).hypot(a.y - b.y) < a.radius.max(b.radius)
}

/// What a spot looks like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Of blood.
    Red,
    /// Of pigment or dirt.
    Dark,
    /// Shine, flakes, heads of pustules.
    Pale,
}

fn kind(spot: &Spot) -> Kind {
    if is_brown(spot) {
        Kind::Dark
    } else if spot.shift[0] > 0.5 * spot.shift[1].abs() {
        Kind::Pale
    } else {
        Kind::Red
    }
}

/// How surely a spot is too wide for a blemish or a stretch of something that goes on, 0..1.
fn extends(look: &Look, spot: &Spot) -> f32 {
    let kind = kind(spot) as usize;
    ramp(spot.radius / look.width, LARGEST[kind]).max(ramp(spot.elongation, GOES_ON[kind]))
}

/// How surely a spot belongs to the person, 0..1.
fn permanence(look: &Look, anatomy: Option<&Anatomy>, spot: &Spot, all: &[Spot], inflamed: &[&Spot]) -> f32 {
    let kind = kind(spot);
    if anatomy.is_some_and(|anatomy| anatomy.is_on_lips([spot.x, spot.y])) {
        return 1.0;
    }
    if kind == Kind::Red {
        return 0.0;
    }
    // Brown spots of neck and body are there all year, pale ones are as often beads.
    if !on_face(look, spot) {
        return 1.0;
    }
    let alike = all.iter().filter(|other| is_alike(look, spot, other)).count() as f32;
    let one_of_many = ramp(alike, FRECKLES).max(bristle(look, spot));
    if kind == Kind::Pale {
        let [l, _, b] = spot.shift;
        let glint = ramp(spot.contrast, GLINT)
            .min(ramp(spot.radius / look.width, GLINT_SIZE))
            .min(1.0 - ramp(b / l.max(0.1), PUS));
        return one_of_many.max(glint) * (1.0 - head(spot, all));
    }
    mole(look, spot, inflammation(look, spot, inflamed)).max(one_of_many)
}

/// How surely a spot at a brow or a beard is a hair of it, or a gap between hairs, 0..1.
fn bristle(look: &Look, spot: &Spot) -> f32 {
    let hairy = look.hair.at(spot.x as usize, spot.y as usize);
    hairy * (1.0 - ramp(spot.saliency, BRISTLE))
}

/// How surely a pale spot is the head of a pustule, 0..1: it lies in a red mark, and is yellow or less red than what is
/// around it.
fn head(spot: &Spot, all: &[Spot]) -> f32 {
    let [l, a, b] = spot.shift;
    let l = l.max(0.1);
    let headlike = ramp(-a / l, RING).max(ramp(b / l, YELLOW));
    let within = |other: &Spot| kind(other) == Kind::Red && other.saliency > 1.0 && meet(spot, other);
    if headlike > 0.0 && all.iter().any(within) { headlike } else { 0.0 }
}

/// How surely a brown spot is a mole. A single picture hardly tells a small mole from a scab: their size, edge and
/// colour overlap. What tells them is the skin they lie on, so on skin that is not inflamed every clear one stays.
fn mole(look: &Look, spot: &Spot, inflamed: f32) -> f32 {
    let [l, a, _] = spot.shift;
    let redness = a / (-l).max(0.1);
    let blood = ramp(redness, BLOOD);
    let speck = 1.0 - ramp(spot.radius / look.width, MOLE_SIZE).max(ramp(redness, MOLE_HUE));
    let passing = inflamed.max(speck);
    let between = |from: f32, to: f32, t: f32| from + t * (to - from);
    let range = [0, 1].map(|k| {
        let on_inflamed = between(MOLE[2][k], MOLE[1][k], blood.max(speck));
        between(MOLE[0][k], on_inflamed, passing)
    });
    ramp(between(spot.contrast, spot.plain, passing), range)
}

/// The clear red marks of the face. Folds and reddened edges are not among them, nor skin that shows between hairs.
fn inflamed_marks<'a>(look: &Look, spots: &'a [Spot]) -> Vec<&'a Spot> {
    let red = |spot: &&Spot| {
        spot.first
            && spot.saliency > CLEARLY
            && is_of_blood(spot.shift)
            && spot.elongation < GOES_ON[Kind::Dark as usize][1]
            && on_face(look, spot)
            && look.hair.at(spot.x as usize, spot.y as usize) < 0.5
    };
    spots.iter().filter(red).collect()
}

/// How inflamed the skin around a spot is, 0..1.
fn inflammation(look: &Look, spot: &Spot, marks: &[&Spot]) -> f32 {
    let weight = |mark: &&Spot| {
        let away = (mark.x - spot.x).hypot(mark.y - spot.y) / (NEAR * look.width);
        (-0.5 * away * away).exp()
    };
    let near: f32 = marks.iter().map(weight).sum();
    ramp(marks.len() as f32, INFLAMED).min(ramp(near, INFLAMED_NEAR))
}

fn on_face(look: &Look, spot: &Spot) -> bool {
    look.face.at(spot.x as usize, spot.y as usize) > 0.5
}

/// Darker without being much redder: pigment, not blood.
fn is_brown(spot: &Spot) -> bool {
    let [l, a, _] = spot.shift;
    l < 0.0 && a < 0.9 * -l
}

fn is_alike(look: &Look, spot: &Spot, other: &Spot) -> bool {
    let near = (spot.x - other.x).hypot(spot.y - other.y) < FRECKLED * look.width;
    let ratio = |a: f32, b: f32| a < 1.6 * b && b < 1.6 * a;
    let own = kind(spot);
    // The light makes bristles glint more or less, and one or several of them a spot.
    let alike = own == Kind::Pale || ratio(spot.radius, other.radius) && ratio(spot.contrast, other.contrast);
    near && other.first && kind(other) == own && alike
}

#[cfg(test)]
mod tests {
    use pixel::Plane;

    use super::super::tests::{SIZE, look, skin};
    use super::*;

    /// A round spot in the middle, and a look with hair there or none.
    fn spot(shift: [f32; 3], saliency: f32) -> Spot {
        let contrast = shift.iter().map(|v| v * v).sum::<f32>().sqrt();
        Spot {
            x: 200.0,
            y: 200.0,
            radius: 4.0,
            shift,
            plain: contrast,
            contrast,
            saliency,
            footprint: vec![200 * SIZE.width + 200],
            margin: 2.0,
            elongation: 1.0,
            cut: 0.0,
            even: 1.0,
            first: true,
        }
    }

    fn look_with(hair: f32) -> Look {
        let mut look = look(skin(), Plane::filled(SIZE, 1.0), Plane::filled(SIZE, 1.0));
        look.hair = Plane::filled(SIZE, hair);
        look
    }

    #[test]
    fn faint_specks_at_a_beard_are_bristles_and_clear_ones_and_pimples_go() {
        let share = |spot: Spot, hair: f32| judge(&look_with(hair), None, &[spot], &[], 1.0).spots[0];
        for bristle in [[-5.0, 0.0, 0.0], [5.0, 0.0, 0.0]] {
            assert_eq!(share(spot(bristle, 1.2), 1.0), 0.0, "{bristle:?}");
            assert_eq!(share(spot(bristle, 1.2), 0.0), 1.0, "{bristle:?}");
            assert_eq!(share(spot(bristle, 2.0), 1.0), 1.0, "{bristle:?}");
        }
        assert_eq!(share(spot([-2.0, 8.0, 1.0], 1.2), 1.0), 1.0, "a pimple");
    }

    #[test]
    fn the_rim_of_a_stud_stays_and_a_hair_across_it_goes() {
        let line = |length: usize| {
            let spine: Vec<usize> = (200..200 + length).map(|x| 203 * SIZE.width + x).collect();
            let (rays, length) = (vec![[0.0, 1.0]; length], length as f32);
            let middle = [200.0 + length / 2.0, 203.0];
            Line { saliency: 2.0, shift: [-6.0, 0.3, 0.3], spine, rays, angle: 0.0, length, middle }
        };
        let share = |spots: &[Spot], length: usize| {
            judge(&look_with(0.0), None, spots, &[line(length)], 1.0).lines[0]
        };
        let stud = [spot([14.0, -0.5, -0.5], 2.5)];
        assert_eq!((share(&stud, 14), share(&stud, 40), share(&[], 14)), (0.0, 1.0, 1.0));
        assert_eq!(share(&[spot([5.0, 0.0, 0.0], 1.5)], 14), 1.0, "a little shine is no stud");
    }

    #[test]
    fn a_yellow_head_in_a_red_mark_goes_even_among_many_bristles() {
        let bristle = |i: usize| Spot { x: 160.0 + 3.0 * i as f32, y: 180.0, ..spot([12.0, -1.0, 1.0], 1.6) };
        let mut spots: Vec<Spot> = (0..25).map(bristle).collect();
        spots.push(spot([12.0, -1.0, 14.0], 2.0));
        spots.push(Spot { first: false, ..spot([-8.0, 16.0, 4.0], 2.0) });
        let share = |spots: &[Spot]| judge(&look_with(0.0), None, spots, &[], 1.0).spots;
        assert_eq!(share(&spots)[25], 1.0);
        assert_eq!(share(&spots)[0], 0.0, "a bristle among others");
        spots.pop();
        assert_eq!(share(&spots)[25], 0.0, "without a red mark it is one of many");
    }

    #[test]
    fn skin_between_the_hairs_of_a_beard_makes_no_face_inflamed() {
        let marks = vec![spot([-2.0, 8.0, 1.0], 2.0); 6];
        assert_eq!(inflamed_marks(&look_with(0.0), &marks).len(), 6);
        assert!(inflamed_marks(&look_with(1.0), &marks).is_empty());
    }
}
