//! `drop-shadow`: the shadow a cut-out subject would cast, made from its matte.

use std::borrow::Cow;

use pixel::filter::{gauss, reduce};
use pixel::{Plane, Rect, Size};

use super::Component;
use super::declaration::{Declaration, Kind, Setting, Values};
use super::run::WorkflowFault;
use super::scale::framed_plane;
use super::shadow::Shadow;
use super::work::Work;

/// The component.
pub(super) struct DropShadow;

static DECLARATION: Declaration = Declaration {
    kind: Cow::Borrowed("drop-shadow"),
    label: "Drop Shadow",
    about: "Lays a shadow under the cut-out subject: where it touches the floor, and where it keeps the light off.",
    never: "Darkens the subject, or draws anything when nothing is cut out.",
    settings: Cow::Borrowed(&[
        Setting {
            key: "style",
            label: "Style",
            meaning: "floor for things that stand, wall for a shadow of the same shape close behind",
            kind: Kind::Choice { options: &["floor", "wall"], default: "floor" },
        },
        Setting {
            key: "contact",
            label: "Contact",
            meaning: "darkness of the narrow shadow where the subject touches the floor, 0 to 1",
            kind: Kind::Number { min: 0.0, max: 1.0, default: 0.45 },
        },
        Setting {
            key: "cast",
            label: "Cast",
            meaning: "darkness of the wide shadow, 0 to 1",
            kind: Kind::Number { min: 0.0, max: 1.0, default: 0.25 },
        },
        Setting {
            key: "softness",
            label: "Softness",
            meaning: "of the wide shadow, per cent of the subject's longer side",
            kind: Kind::Number { min: 0.0, max: 20.0, default: 3.0 },
        },
        Setting {
            key: "length",
            label: "Length",
            meaning: "of the wide shadow, per cent of the subject's height; on a wall its distance",
            kind: Kind::Number { min: 0.0, max: 100.0, default: 18.0 },
        },
        Setting {
            key: "angle",
            label: "Angle",
            meaning: "degrees the shadow leans from straight back to the right; below 0 to the left",
            kind: Kind::Number { min: -80.0, max: 80.0, default: 25.0 },
        },
        Setting {
            key: "colour",
            label: "Colour",
            meaning: "of the shadow, sRGB",
            kind: Kind::Colour { default: "#000000" },
        },
    ]),
};

/// Long edge of the reduced subject from which shadows are made: they are soft.
const WORKING_LONG_EDGE: usize = 1000;
/// Height of the lowest part of the subject that may touch the floor, as a share of its height.
const TOUCHING: f32 = 0.035;

/// Standard deviations after which a blur is nothing.
const FADED: f32 = 3.5;
/// Spread of the shadow where the subject touches the floor, shares of its longer side.
const CONTACT_SPREAD: [f32; 2] = [0.006, 0.02];

/// What a shadow is made of.
struct Light {
    wall: bool,
    contact: f32,
    cast: f32,
    /// Share of the subject's longer side.
    softness: f32,
    /// Share of the subject's height.
    length: f32,
    /// Sideways lean, tangent.
    lean: f32,
}

impl Component for DropShadow {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    fn apply(&self, work: &mut Work<'_>, values: &Values) -> Result<(), WorkflowFault> {
        work.turn_upright();
        let Some(matte) = work.matte() else {
            work.found("shadows", 0.0);
            return Ok(());
        };
        let share = |key| (values.number(key) / 100.0) as f32;
        let light = Light {
            wall: values.word("style") == "wall",
            contact: values.number("contact") as f32,
            cast: values.number("cast") as f32,
            softness: share("softness"),
            length: share("length"),
            lean: values.number("angle").to_radians().tan() as f32,
        };
        let subject = work.subject_rect();
        let step = subject.size().long_edge().div_ceil(WORKING_LONG_EDGE).max(1);
        // The shadow of a subject that fills its picture lies outside, where a larger canvas shows it.
        let [left, top, right, bottom] = light.reach(subject);
        let span = |first: usize, before: usize, length: usize, after: usize| {
            let start = (first as isize - before as isize).div_euclid(step as isize);
            let end = (first + length + after).div_ceil(step) as isize;
            (start, (end - start) as usize)
        };
        let (x, width) = span(subject.x, left, subject.width, right);
        let (y, height) = span(subject.y, top, subject.height, bottom);
        let small = framed_plane(&reduce(&matte, step), x, y, Size::new(width, height));
        let start = [x, y].map(|v| v * step as isize);
        let inside = |first: usize, start: isize| (first as isize - start) as usize;
        let place = Rect { x: inside(subject.x, start[0]), y: inside(subject.y, start[1]), ..subject };
        let opacity = shadow(&small, place, step, &light);
        let colour = work.document_colour(values.colour("colour"));
        work.shadow = Some(Shadow::new(opacity, colour, start, step));
        work.found("shadows", 1.0);
        Ok(())
    }
}

impl Light {
    /// How far the shadow of a subject reaches beyond its rectangle: left, top, right, bottom, pixels.
    fn reach(&self, subject: Rect) -> [usize; 4] {
        let (height, long) = (subject.height as f32, subject.size().long_edge() as f32);
        let soft = FADED * long * self.softness.max(CONTACT_SPREAD[1]) + 4.0;
        let (across, down) = if self.wall {
            (self.length * height * self.lean.clamp(-2.0, 2.0), self.length * height)
        } else {
            (self.length * height * self.lean, TOUCHING * height)
        };
        [soft - across.min(0.0), soft, soft + across.max(0.0), soft + down].map(|v| v.ceil() as usize)
    }
}

/// Opacity of the shadow of a matte, of which one sample stands for `step` pixels of `subject`'s picture.
fn shadow(matte: &Plane, subject: Rect, step: usize, light: &Light) -> Plane {
    let scale = step as f32;
    let (left, right) = (subject.x as f32 / scale, subject.right() as f32 / scale);
    let (top, base) = (subject.y as f32 / scale, subject.bottom() as f32 / scale);
    let (height, long) = (base - top, (right - left).max(base - top));
    let sigma = light.softness * long;
    if light.wall {
        let reach = light.length * height;
        let (dx, dy) = (reach * light.lean.clamp(-2.0, 2.0), reach);
        let moved = Plane::from_fn(matte.size(), |x, y| sampled(matte, x as f32 - dx, y as f32 - dy));
        let wide = gauss(&moved, sigma.max(0.3));
        let close = gauss(matte, (0.25 * sigma).max(0.3));
        return wide.zip(&close, |w, c| 1.0 - (1.0 - light.cast * w) * (1.0 - 0.5 * light.contact * c));
    }
    // Each row of the subject falls on the floor behind its base: lower rows near, upper ones far, and the
    // farther, the softer and fainter.
    let reach = (light.length * height).max(1e-3);
    let floor = base - 0.5 * TOUCHING * height;
    let mut cast = Plane::zeros(matte.size());
    for level in 0..4 {
        let far = level as f32 / 3.0;
        let part = Plane::from_fn(matte.size(), |x, y| {
            let back = (floor - y as f32) / reach;
            let near = 1.0 - (3.0 * (back - far)).abs();
            if !(0.0..=1.0).contains(&back) || near <= 0.0 {
                return 0.0;
            }
            let faint = 1.0 - 0.65 * back;
            near * faint * sampled(matte, x as f32 - back * reach * light.lean, floor - back * height)
        });
        let soft = gauss(&part, (sigma * (0.25 + 0.75 * far)).max(0.3));
        cast.apply_with(&soft, |sum, v| sum + v);
    }
    let touch = contact(matte, [left, right, base], height, long);
    cast.zip(&touch, |w, c| 1.0 - (1.0 - light.cast * w.min(1.0)) * (1.0 - light.contact * c.min(1.0)))
}

/// The dark, narrow shadow under what touches the floor: the lowest part of each column, if that is near the base,
/// spread flat.
fn contact(matte: &Plane, [left, right, base]: [f32; 3], height: f32, long: f32) -> Plane {
    let size = matte.size();
    let band = (TOUCHING * height).max(1.5);
    let mut lowest = vec![f32::NEG_INFINITY; size.width];
    for y in 0..size.height {
        for (x, low) in lowest.iter_mut().enumerate() {
            if matte.at(x, y) > 0.5 {
                *low = y as f32 + 1.0;
            }
        }
    }
    let flat = Plane::from_fn(size, |x, y| {
        if (x as f32) < left || x as f32 > right {
            return 0.0;
        }
        let touches = (1.0 - (base - lowest[x]) / (2.0 * band)).clamp(0.0, 1.0);
        let near = 1.0 - ((y as f32 + 0.5 - lowest[x]) / band).abs();
        touches * near.clamp(0.0, 1.0)
    });
    let (near, wide) = (
        gauss(&flat, (CONTACT_SPREAD[0] * long).max(0.4)),
        gauss(&flat, (CONTACT_SPREAD[1] * long).max(0.6)),
    );
    near.zip(&wide, |n, w| 0.8 * n + 0.9 * w)
}

/// The matte at a real place, 0 outside.
fn sampled(matte: &Plane, x: f32, y: f32) -> f32 {
    let Size { width, height } = matte.size();
    if x < -0.5 || y < -0.5 || x > width as f32 - 0.5 || y > height as f32 - 0.5 {
        return 0.0;
    }
    matte.bilinear(x, y)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIGHT: Light =
        Light { wall: false, contact: 0.5, cast: 0.3, softness: 0.02, length: 0.3, lean: 0.5 };

    fn block() -> (Plane, Rect) {
        let rect = Rect { x: 60, y: 40, width: 40, height: 100 };
        let matte = Plane::from_fn(Size::new(240, 200), |x, y| if rect.contains(x, y) { 1.0 } else { 0.0 });
        (matte, rect)
    }

    #[test]
    fn the_floor_is_darkest_where_the_subject_stands_and_clear_far_away() {
        let (matte, rect) = block();
        let shadow = shadow(&matte, rect, 1, &LIGHT);
        assert!(shadow.at(80, 140) > 0.3, "{}", shadow.at(80, 140));
        assert!(shadow.at(80, 140) > shadow.at(80, 150));
        assert_eq!(shadow.at(220, 190), 0.0);
        assert!(shadow.at(112, 120) > shadow.at(48, 120), "it leans to the right");
        assert!(shadow.samples().iter().all(|v| (0.0..=1.0).contains(v)));
    }

    #[test]
    fn no_light_kept_off_is_no_shadow() {
        let (matte, rect) = block();
        for wall in [false, true] {
            let light = Light { wall, contact: 0.0, cast: 0.0, ..LIGHT };
            assert_eq!(shadow(&matte, rect, 1, &light).max(), 0.0);
        }
    }
}
