//! Mattes of small things on large canvases.

use pixel::{Plane, Rect, Size};

/// A matte of a canvas, kept only as far as it shows anything. Eyes and lips are a small part of what is looked at, and
/// a picture may show dozens of faces.
#[derive(Clone, Debug)]
pub struct Matte {
    rect: Rect,
    plane: Plane,
}

impl Matte {
    /// 0 everywhere.
    pub fn none() -> Self {
        Self { rect: Rect::default(), plane: Plane::zeros(Size::new(0, 0)) }
    }

    /// What a plane shows that lies on `part` of a canvas, with one sample of nothing around it as far as the part goes.
    pub fn of(plane: &Plane, part: Rect) -> Self {
        let Some(shown) = plane.extent(plane.size().rect(), |v| v != 0.0) else { return Self::none() };
        let (right, bottom) = ((shown.right() + 1).min(part.width), (shown.bottom() + 1).min(part.height));
        let kept = Rect::from_edges(shown.x.saturating_sub(1), shown.y.saturating_sub(1), right, bottom);
        let rect = Rect { x: part.x + kept.x, y: part.y + kept.y, ..kept };
        Self { rect, plane: plane.crop(kept) }
    }

    /// The part of the canvas outside of which the matte is 0.
    pub fn rect(&self) -> Rect {
        self.rect
    }

    /// The samples on that part.
    pub fn plane(&self) -> &Plane {
        &self.plane
    }

    /// The matte on another part of the canvas.
    pub fn within(&self, part: Rect) -> Plane {
        let mut plane = Plane::zeros(part.size());
        let common = self.rect.intersect(part);
        if common.is_empty() {
            return plane;
        }
        for y in common.y..common.bottom() {
            let from = &self.plane.row(y - self.rect.y)[common.x - self.rect.x..][..common.width];
            plane.row_mut(y - part.y)[common.x - part.x..][..common.width].copy_from_slice(from);
        }
        plane
    }

    /// The largest sample.
    pub fn max(&self) -> f32 {
        self.plane.max()
    }

    /// The sum of all samples.
    pub fn sum(&self) -> f64 {
        self.plane.sum()
    }

    /// Samples held.
    pub(super) fn samples(&self) -> usize {
        self.plane.size().area()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matte_is_the_plane_it_was_made_of_and_holds_what_shows() {
        let part = Rect { x: 30, y: 20, width: 40, height: 25 };
        let of = |inside: Rect| {
            Plane::from_fn(part.size(), |x, y| {
                let within =
                    (inside.x..inside.right()).contains(&x) && (inside.y..inside.bottom()).contains(&y);
                if within { 0.1 + 0.01 * (x + 3 * y) as f32 } else { 0.0 }
            })
        };
        for inside in [
            Rect { x: 5, y: 7, width: 6, height: 4 },
            Rect { x: 0, y: 0, width: 3, height: 2 },
            Rect { x: 36, y: 22, width: 4, height: 3 },
            part.size().rect(),
        ] {
            let plane = of(inside);
            let matte = Matte::of(&plane, part);
            assert_eq!(matte.within(part), plane);
            assert!(matte.samples() <= (inside.width + 2) * (inside.height + 2));
            let other = Rect { x: 33, y: 10, width: 20, height: 30 };
            let near = matte.within(other);
            for (x, y) in [(0, 0), (5, 19), (8, 20), (19, 29), (6, 17)] {
                let (i, j) = (x + other.x - part.x, (y + other.y).wrapping_sub(part.y));
                assert_eq!(near.at(x, y), if j < part.height { plane.at(i, j) } else { 0.0 });
            }
        }
        let none = Matte::of(&Plane::zeros(part.size()), part);
        assert_eq!((none.samples(), none.within(part).sum()), (0, 0.0));
    }
}
