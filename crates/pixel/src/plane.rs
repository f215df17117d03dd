//! One channel of `f32` samples and the few ways to walk over it.

use crate::geometry::{Orientation, Rect, Size};

/// A rectangle of `f32` samples, row after row. The unit is the owner's business.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    size: Size,
    data: Vec<f32>,
}

impl Plane {
    /// A plane whose every sample is `value`.
    pub fn filled(size: Size, value: f32) -> Self {
        Self { size, data: vec![value; size.area()] }
    }

    /// A plane of zeros.
    pub fn zeros(size: Size) -> Self {
        Self::filled(size, 0.0)
    }

    /// A plane made by asking `sample` for each (column, row).
    pub fn from_fn(size: Size, mut sample: impl FnMut(usize, usize) -> f32) -> Self {
        let mut data = Vec::with_capacity(size.area());
        for y in 0..size.height {
            data.extend((0..size.width).map(|x| sample(x, y)));
        }
        Self { size, data }
    }

    /// A plane around existing samples.
    ///
    /// # Panics
    /// When `data` does not hold exactly one sample a pixel.
    pub fn from_vec(size: Size, data: Vec<f32>) -> Self {
        assert_eq!(data.len(), size.area(), "one sample a pixel");
        Self { size, data }
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.size.width
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.size.height
    }

    /// The sample at column `x`, row `y`.
    #[inline]
    pub fn at(&self, x: usize, y: usize) -> f32 {
        self.data[y * self.size.width + x]
    }

    /// The sample at column `x`, row `y`, for writing.
    #[inline]
    pub fn at_mut(&mut self, x: usize, y: usize) -> &mut f32 {
        &mut self.data[y * self.size.width + x]
    }

    /// The sample nearest to (`x`, `y`), edges continued outwards.
    #[inline]
    pub fn at_clamped(&self, x: isize, y: isize) -> f32 {
        let x = x.clamp(0, self.size.width as isize - 1) as usize;
        let y = y.clamp(0, self.size.height as isize - 1) as usize;
        self.at(x, y)
    }

    /// Bilinear value at a real place, sample centres at whole numbers, edges continued outwards.
    #[inline]
    pub fn bilinear(&self, x: f32, y: f32) -> f32 {
        let (fx, fy) = (x.floor(), y.floor());
        let (tx, ty) = (x - fx, y - fy);
        let (ix, iy) = (fx as isize, fy as isize);
        let top = self.at_clamped(ix, iy) * (1.0 - tx) + self.at_clamped(ix + 1, iy) * tx;
        let bottom = self.at_clamped(ix, iy + 1) * (1.0 - tx) + self.at_clamped(ix + 1, iy + 1) * tx;
        top * (1.0 - ty) + bottom * ty
    }

    /// All samples, row after row.
    pub fn samples(&self) -> &[f32] {
        &self.data
    }

    /// All samples for writing, row after row.
    pub fn samples_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// The samples themselves.
    pub fn into_vec(self) -> Vec<f32> {
        self.data
    }

    /// One row.
    #[inline]
    pub fn row(&self, y: usize) -> &[f32] {
        &self.data[y * self.size.width..(y + 1) * self.size.width]
    }

    /// One row for writing.
    #[inline]
    pub fn row_mut(&mut self, y: usize) -> &mut [f32] {
        let width = self.size.width;
        &mut self.data[y * width..(y + 1) * width]
    }

    /// A new plane with `f` applied to every sample.
    pub fn map(&self, f: impl Fn(f32) -> f32) -> Plane {
        Plane { size: self.size, data: self.data.iter().map(|&v| f(v)).collect() }
    }

    /// A new plane with `f` applied to the pairs of samples of two planes of one size.
    pub fn zip(&self, other: &Plane, f: impl Fn(f32, f32) -> f32) -> Plane {
        assert_eq!(self.size, other.size, "planes of one size");
        Plane { size: self.size, data: self.data.iter().zip(&other.data).map(|(&a, &b)| f(a, b)).collect() }
    }

    /// Every sample replaced by `f` of it.
    pub fn apply(&mut self, f: impl Fn(f32) -> f32) {
        self.data.iter_mut().for_each(|v| *v = f(*v));
    }

    /// Every sample replaced by `f` of it and of the sample of `other` at its place.
    pub fn apply_with(&mut self, other: &Plane, f: impl Fn(f32, f32) -> f32) {
        assert_eq!(self.size, other.size, "planes of one size");
        self.data.iter_mut().zip(&other.data).for_each(|(a, &b)| *a = f(*a, b));
    }

    /// The part inside `rect`, which must lie inside the plane.
    pub fn crop(&self, rect: Rect) -> Plane {
        let mut data = Vec::with_capacity(rect.size().area());
        for y in rect.y..rect.bottom() {
            data.extend_from_slice(&self.row(y)[rect.x..rect.right()]);
        }
        Plane { size: rect.size(), data }
    }

    /// The upright plane as it lies in a stored picture of that orientation.
    pub fn turned_to_stored(&self, orientation: Orientation) -> Plane {
        if orientation == Orientation::Upright {
            return self.clone();
        }
        let stored = orientation.turn_size(self.size);
        let mut turned = Plane::zeros(stored);
        for y in 0..self.size.height {
            for x in 0..self.size.width {
                let (sx, sy) = orientation.to_stored(x, y, stored);
                *turned.at_mut(sx, sy) = self.at(x, y);
            }
        }
        turned
    }

    /// The smallest rectangle that holds every sample of `part` which `shows`; `None` without any. `part` must lie inside
    /// the plane, and so does what is told.
    pub fn extent(&self, part: Rect, shows: impl Fn(f32) -> bool) -> Option<Rect> {
        let of_row = |y: usize| {
            let row = &self.row(y)[part.x..part.right()];
            let first = row.iter().position(|&v| shows(v))?;
            let last = row.iter().rposition(|&v| shows(v))?;
            Some(Rect::from_edges(part.x + first, y, part.x + last + 1, y + 1))
        };
        (part.y..part.bottom()).filter_map(of_row).reduce(Rect::union)
    }

    /// The largest sample; negative infinity for an empty plane.
    pub fn max(&self) -> f32 {
        self.data.iter().copied().fold(f32::NEG_INFINITY, f32::max)
    }

    /// The sum of all samples, added in `f64`.
    pub fn sum(&self) -> f64 {
        self.data.iter().map(|&v| f64::from(v)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extent_holds_what_shows_and_no_more() {
        let plane = Plane::from_fn(Size::new(9, 7), |x, y| f32::from((x, y) == (2, 5) || (x, y) == (6, 3)));
        let shows = |v: f32| v > 0.5;
        assert_eq!(plane.extent(plane.size().rect(), shows), Some(Rect::from_edges(2, 3, 7, 6)));
        assert_eq!(plane.extent(Rect::from_edges(4, 0, 9, 5), shows), Some(Rect::from_edges(6, 3, 7, 4)));
        assert_eq!(plane.extent(Rect::from_edges(3, 4, 9, 7), shows), None);
        assert_eq!(plane.extent(Rect::default(), shows), None);
    }

    #[test]
    fn bilinear_hits_samples_and_midpoints_and_continues_edges() {
        let plane = Plane::from_fn(Size::new(3, 2), |x, y| (x + 10 * y) as f32);
        assert_eq!(plane.bilinear(1.0, 1.0), 11.0);
        assert_eq!(plane.bilinear(0.5, 0.5), 5.5);
        assert_eq!(plane.bilinear(-4.0, 0.0), 0.0);
        assert_eq!(plane.bilinear(9.0, 9.0), 12.0);
    }

    #[test]
    fn turning_keeps_every_sample() {
        let plane = Plane::from_fn(Size::new(3, 2), |x, y| (x + 3 * y) as f32);
        for orientation in Orientation::ALL {
            let turned = plane.turned_to_stored(orientation);
            assert_eq!(turned.size(), orientation.turn_size(plane.size()));
            let (sx, sy) = orientation.to_stored(2, 1, turned.size());
            assert_eq!(turned.at(sx, sy), plane.at(2, 1));
        }
    }
}
