//! A shadow on its way through a workflow: coarser than the picture, for it is soft, and reaching beyond it.

use pixel::Plane;

/// A shadow. It knows where it lies, so that it is whole on a canvas that is larger than the picture was.
#[derive(Clone)]
pub(super) struct Shadow {
    /// Opacity, 0 to 1, and 0 along its border.
    opacity: Plane,
    /// Encoded document RGB.
    pub colour: [f32; 3],
    /// Left and top of the opacity in pixels of the picture; below 0 it begins outside.
    start: [f64; 2],
    /// Pixels of the picture a sample, across and along.
    pitch: [f64; 2],
}

impl Shadow {
    /// A shadow whose first sample begins at `start`, `step` pixels a sample.
    pub fn new(opacity: Plane, colour: [f32; 3], start: [isize; 2], step: usize) -> Self {
        Self { opacity, colour, start: start.map(|v| v as f64), pitch: [step as f64; 2] }
    }

    /// Opacity at a pixel of the picture.
    pub fn at(&self, x: usize, y: usize) -> f32 {
        let place =
            |k: usize, pixel: usize| ((pixel as f64 + 0.5 - self.start[k]) / self.pitch[k] - 0.5) as f32;
        let (u, v) = (place(0, x), place(1, y));
        let (right, bottom) = (self.opacity.width() as f32 - 0.5, self.opacity.height() as f32 - 0.5);
        if u < -0.5 || v < -0.5 || u > right || v > bottom {
            return 0.0;
        }
        self.opacity.bilinear(u, v).clamp(0.0, 1.0)
    }

    /// Follows a window of the picture that begins at `from` and shows `ratio` pixels of it in one.
    pub fn follow(&mut self, from: [f64; 2], ratio: [f64; 2]) {
        for k in 0..2 {
            self.start[k] = (self.start[k] - from[k]) / ratio[k];
            self.pitch[k] /= ratio[k];
        }
    }
}

#[cfg(test)]
mod tests {
    use pixel::Size;

    use super::*;

    #[test]
    fn it_stays_where_it_lies_when_the_picture_is_framed_and_scaled() {
        let opacity = Plane::from_fn(Size::new(9, 7), |x, y| if (x, y) == (4, 3) { 0.5 } else { 0.0 });
        let mut shadow = Shadow::new(opacity, [0.0; 3], [-6, 2], 2);
        // Sample (4, 3) covers the pixels 2 and 3 across, 8 and 9 along.
        assert_eq!(shadow.at(2, 8), shadow.at(3, 9));
        assert!(shadow.at(2, 8) > 0.2 && shadow.at(6, 8) == 0.0);
        let before = shadow.at(2, 8);
        shadow.follow([-10.0, 0.0], [1.0; 2]);
        assert_eq!(shadow.at(12, 8), before);
        shadow.follow([0.0; 2], [0.5; 2]);
        assert!(shadow.at(25, 17) > before && shadow.at(40, 17) == 0.0);
    }
}
