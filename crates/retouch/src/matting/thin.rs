//! Thin parts of things, chains and cords, that the network sees faintly: it works on a small picture.

use pixel::Plane;
use pixel::filter::{dilate, distance_inside, distance_outside, label};

use super::prior::Prior;

/// Probability from which something thin is followed, once it hangs on what is surely there.
const FAINT: f32 = 0.1;
/// How many times half of its greatest width it reaches: a thing seen badly is a blot.
const LONG: f32 = 6.0;
/// How far it must reach from what it hangs on, in network samples; the soft rim of a thing does not.
const REACHES: f32 = 8.0;
/// Cover that is expected where nothing more is known.
const EXPECTED: f32 = 0.5;

/// What may be thin parts of the subject `body`: 1 there and close by, 0 elsewhere.
pub(super) fn thin_parts(prior: &Prior, body: &Plane) -> Plane {
    let size = body.size();
    let faint = prior.subject.zip(body, |p, b| if p > FAINT && b < 0.5 { 1.0 } else { 0.0 });
    let pieces = label(&faint);
    if pieces.count() == 0 {
        return faint;
    }
    let (away, within) = (distance_outside(body), distance_inside(&faint));
    let mut reach = vec![[f32::MAX, 0.0, 0.0]; pieces.count()];
    for y in 0..size.height {
        for x in 0..size.width {
            if let Some(number) = (pieces.at(x, y) as usize).checked_sub(1) {
                let [nearest, farthest, widest] = &mut reach[number];
                *nearest = nearest.min(away.at(x, y));
                *farthest = farthest.max(away.at(x, y));
                *widest = widest.max(within.at(x, y));
            }
        }
    }
    let hangs = |number: usize| {
        let [nearest, farthest, widest] = reach[number].map(|samples| samples / prior.pitch);
        nearest <= 1.0 && farthest > REACHES.max(LONG * widest)
    };
    dilate(&pieces.mask(hangs), 0.5 * prior.pitch).zip(body, |thin, b| thin * (1.0 - b))
}

/// The expected cover with that of thin parts.
pub(super) fn with_thin(expected: &Plane, thin: &Plane) -> Plane {
    expected.zip(thin, |e, t| if t > 0.5 { e.max(EXPECTED) } else { e })
}

#[cfg(test)]
mod tests {
    use pixel::Size;

    use super::super::prior::SubjectKind;
    use super::*;

    #[test]
    fn a_faint_chain_is_followed_and_a_faint_blot_is_not() {
        let size = Size::new(200, 200);
        let subject = Plane::from_fn(size, |x, y| {
            let pendant = (x as f32 - 100.0).hypot(y as f32 - 150.0) < 20.0;
            let chain = x.abs_diff(100) < 3 && (40..140).contains(&y);
            let blot = (x as f32 - 150.0).hypot(y as f32 - 150.0) < 31.0;
            if pendant { 0.9 } else { f32::from(u8::from(chain || blot)) * 0.2 }
        });
        let body = subject.map(|p| if p > 0.5 { 1.0 } else { 0.0 });
        let prior = Prior { kind: SubjectKind::Product, subject, hair: Plane::zeros(size), pitch: 2.0 };
        let thin = thin_parts(&prior, &body);
        assert_eq!((thin.at(100, 60), thin.at(101, 120)), (1.0, 1.0));
        assert_eq!((thin.at(150, 150), thin.at(100, 150)), (0.0, 0.0));
    }
}
