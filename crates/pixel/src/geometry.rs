//! Sizes, rectangles and the eight ways a stored picture can lie.

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels from left to right.
    pub width: usize,
    /// Pixels from top to bottom.
    pub height: usize,
}

impl Size {
    /// A size of `width` × `height` pixels.
    pub const fn new(width: usize, height: usize) -> Self {
        Self { width, height }
    }

    /// Number of pixels.
    pub const fn area(self) -> usize {
        self.width * self.height
    }

    /// The longer of the two sides.
    pub fn long_edge(self) -> usize {
        self.width.max(self.height)
    }

    /// The rectangle that starts at the origin and has this size.
    pub const fn rect(self) -> Rect {
        Rect { x: 0, y: 0, width: self.width, height: self.height }
    }
}

/// A rectangle of whole pixels: columns `x..x + width`, rows `y..y + height`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rect {
    /// First column.
    pub x: usize,
    /// First row.
    pub y: usize,
    /// Number of columns.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
}

impl Rect {
    /// The rectangle with these edges; empty when an edge pair is reversed.
    pub fn from_edges(left: usize, top: usize, right: usize, bottom: usize) -> Self {
        Self { x: left, y: top, width: right.saturating_sub(left), height: bottom.saturating_sub(top) }
    }

    /// The whole pixels inside `size` that the real rectangle touches; parts outside are cut off.
    pub fn cover(left: f32, top: f32, right: f32, bottom: f32, size: Size) -> Self {
        let clamp = |v: f32, max: usize| (v.max(0.0) as usize).min(max);
        Self::from_edges(
            clamp(left.floor(), size.width),
            clamp(top.floor(), size.height),
            clamp(right.ceil(), size.width),
            clamp(bottom.ceil(), size.height),
        )
    }

    /// First column to the right of the rectangle.
    pub const fn right(self) -> usize {
        self.x + self.width
    }

    /// First row below the rectangle.
    pub const fn bottom(self) -> usize {
        self.y + self.height
    }

    /// Width and height without the place.
    pub const fn size(self) -> Size {
        Size::new(self.width, self.height)
    }

    /// True when no pixel lies inside.
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// True when the pixel at column `x`, row `y` lies inside.
    pub const fn contains(self, x: usize, y: usize) -> bool {
        x >= self.x && x < self.right() && y >= self.y && y < self.bottom()
    }

    /// The pixels that lie in both.
    pub fn intersect(self, other: Rect) -> Rect {
        Rect::from_edges(
            self.x.max(other.x),
            self.y.max(other.y),
            self.right().min(other.right()),
            self.bottom().min(other.bottom()),
        )
    }

    /// The smallest rectangle that holds both; an empty one adds nothing.
    pub fn union(self, other: Rect) -> Rect {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Rect::from_edges(
            self.x.min(other.x),
            self.y.min(other.y),
            self.right().max(other.right()),
            self.bottom().max(other.bottom()),
        )
    }

    /// Grown by `margin` pixels on every side, cut to `bounds`.
    pub fn grow(self, margin: usize, bounds: Size) -> Rect {
        Rect::from_edges(
            self.x.saturating_sub(margin),
            self.y.saturating_sub(margin),
            (self.right() + margin).min(bounds.width),
            (self.bottom() + margin).min(bounds.height),
        )
    }
}

/// How stored pixels must be turned to stand upright: the EXIF orientation, 1 to 8.
///
/// Stored pixels are never turned; analysis and plugins see the picture upright and
/// what they draw is turned back with [`Orientation::to_stored`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Orientation {
    /// 1: as stored.
    #[default]
    Upright,
    /// 2: mirrored left to right.
    MirrorX,
    /// 3: half a turn.
    Turn180,
    /// 4: mirrored top to bottom.
    MirrorY,
    /// 5: rows and columns exchanged.
    Transpose,
    /// 6: stored picture must be turned a quarter clockwise.
    Turn90,
    /// 7: exchanged along the other diagonal.
    Transverse,
    /// 8: stored picture must be turned a quarter anticlockwise.
    Turn270,
}

impl Orientation {
    /// All eight, in the order of their EXIF numbers.
    pub const ALL: [Orientation; 8] = [
        Self::Upright,
        Self::MirrorX,
        Self::Turn180,
        Self::MirrorY,
        Self::Transpose,
        Self::Turn90,
        Self::Transverse,
        Self::Turn270,
    ];

    /// From the EXIF number; anything but 2 to 8 means upright.
    pub fn from_exif(number: u32) -> Self {
        Self::ALL.get((number as usize).wrapping_sub(1)).copied().unwrap_or_default()
    }

    /// The EXIF number, 1 to 8.
    pub fn exif(self) -> u32 {
        self as u32 + 1
    }

    /// True when upright width is stored height.
    pub fn swaps_sides(self) -> bool {
        matches!(self, Self::Transpose | Self::Turn90 | Self::Transverse | Self::Turn270)
    }

    /// Size of the upright picture for a stored size, and the other way round.
    pub fn turn_size(self, size: Size) -> Size {
        if self.swaps_sides() { Size::new(size.height, size.width) } else { size }
    }

    /// Where the upright pixel (`x`, `y`) is stored; `stored` is the stored size.
    pub fn to_stored(self, x: usize, y: usize, stored: Size) -> (usize, usize) {
        let (x, y) = self.to_stored_signed(x as isize, y as isize, stored);
        (x as usize, y as usize)
    }

    /// [`Orientation::to_stored`] for places that may lie outside the picture.
    pub fn to_stored_signed(self, x: isize, y: isize, stored: Size) -> (isize, isize) {
        let (right, bottom) = (stored.width as isize - 1, stored.height as isize - 1);
        match self {
            Self::Upright => (x, y),
            Self::MirrorX => (right - x, y),
            Self::Turn180 => (right - x, bottom - y),
            Self::MirrorY => (x, bottom - y),
            Self::Transpose => (y, x),
            Self::Turn90 => (y, bottom - x),
            Self::Transverse => (right - y, bottom - x),
            Self::Turn270 => (right - y, x),
        }
    }

    /// The upright rectangle as it lies in the stored picture.
    pub fn rect_to_stored(self, rect: Rect, stored: Size) -> Rect {
        if rect.is_empty() {
            return Rect { x: 0, y: 0, width: 0, height: 0 };
        }
        let (ax, ay) = self.to_stored(rect.x, rect.y, stored);
        let (bx, by) = self.to_stored(rect.right() - 1, rect.bottom() - 1, stored);
        Rect::from_edges(ax.min(bx), ay.min(by), ax.max(bx) + 1, ay.max(by) + 1)
    }

    /// The orientation that undoes this one: where an upright pixel lies is asked the other way round.
    pub fn inverse(self) -> Self {
        match self {
            Self::Turn90 => Self::Turn270,
            Self::Turn270 => Self::Turn90,
            own => own,
        }
    }

    /// The stored rectangle as it lies in the upright picture; `stored` is the stored size.
    pub fn rect_to_upright(self, rect: Rect, stored: Size) -> Rect {
        self.inverse().rect_to_stored(rect, self.turn_size(stored))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rectangles_keep_their_pixels_when_turned(
            width in 1usize..40, height in 1usize..40, corners in proptest::array::uniform4(0usize..40), turn in 0usize..8,
        ) {
            let (stored, orientation) = (Size::new(width, height), Orientation::ALL[turn]);
            let upright = orientation.turn_size(stored);
            let [a, b, c, d] = corners;
            let rect = Rect::from_edges(a.min(b), c.min(d), a.max(b) + 1, c.max(d) + 1).intersect(upright.rect());
            let turned = orientation.rect_to_stored(rect, stored);
            prop_assert_eq!(turned.size().area(), rect.size().area());
            prop_assert_eq!(turned.intersect(stored.rect()).size().area(), rect.size().area());
            if !rect.is_empty() {
                prop_assert_eq!(orientation.rect_to_upright(turned, stored), rect);
                let (x, y) = orientation.to_stored(rect.x, rect.bottom() - 1, stored);
                prop_assert!(turned.contains(x, y));
                let signed = orientation.to_stored_signed(rect.x as isize, rect.bottom() as isize - 1, stored);
                prop_assert_eq!(signed, (x as isize, y as isize));
            }
        }

        #[test]
        fn meeting_and_joining_hold_the_right_pixels(
            one in proptest::array::uniform4(0usize..12), two in proptest::array::uniform4(0usize..12), x in 0usize..12, y in 0usize..12,
        ) {
            let rect = |[l, t, r, b]: [usize; 4]| Rect::from_edges(l, t, r, b);
            let (a, b) = (rect(one), rect(two));
            let (in_a, in_b) = (a.contains(x, y), b.contains(x, y));
            prop_assert_eq!(a.intersect(b).contains(x, y), in_a && in_b);
            prop_assert!(a.union(b).contains(x, y) || !(in_a || in_b));
        }
    }

    #[test]
    fn every_orientation_is_a_bijection_that_keeps_rectangles() {
        let stored = Size::new(5, 3);
        for orientation in Orientation::ALL {
            let upright = orientation.turn_size(stored);
            let mut seen = vec![false; stored.area()];
            for y in 0..upright.height {
                for x in 0..upright.width {
                    let (sx, sy) = orientation.to_stored(x, y, stored);
                    assert!(!std::mem::replace(&mut seen[sy * stored.width + sx], true));
                }
            }
            assert!(seen.into_iter().all(|s| s));
            let whole = orientation.rect_to_stored(upright.rect(), stored);
            assert_eq!(whole, stored.rect());
        }
    }

    #[test]
    fn turn_90_puts_the_stored_bottom_left_at_the_upright_top_left() {
        let stored = Size::new(4, 2);
        assert_eq!(Orientation::Turn90.to_stored(0, 0, stored), (0, 1));
        assert_eq!(Orientation::from_exif(6), Orientation::Turn90);
        assert_eq!(Orientation::Turn90.exif(), 6);
        assert_eq!(Orientation::from_exif(0), Orientation::Upright);
        assert_eq!(Orientation::from_exif(9), Orientation::Upright);
    }

    #[test]
    fn rectangles_meet_and_join() {
        let a = Rect::from_edges(0, 0, 4, 4);
        let b = Rect::from_edges(2, 3, 9, 9);
        assert_eq!(a.intersect(b), Rect::from_edges(2, 3, 4, 4));
        assert_eq!(a.union(b), Rect::from_edges(0, 0, 9, 9));
        assert!(a.intersect(Rect::from_edges(5, 5, 6, 6)).is_empty());
        assert_eq!(Rect::cover(-1.5, 0.2, 2.1, 3.0, Size::new(8, 8)), Rect::from_edges(0, 0, 3, 3));
    }
}
