//! Exact Euclidean distance transform (Felzenszwalb and Huttenlocher, 2012) and what rests on it.

use crate::plane::Plane;

/// Distance in samples from each sample to the nearest one above 1/2; 0 there, large if there is none.
pub fn distance_outside(mask: &Plane) -> Plane {
    transform(mask, |v| v > 0.5)
}

/// Distance in samples from each sample to the nearest one at or below 1/2; outside the plane does not count.
pub fn distance_inside(mask: &Plane) -> Plane {
    transform(mask, |v| v <= 0.5)
}

/// Binary mask grown by a disc of `radius` samples.
pub fn dilate(mask: &Plane, radius: f32) -> Plane {
    distance_outside(mask).map(|d| if d <= radius { 1.0 } else { 0.0 })
}

/// Binary mask shrunk by a disc of `radius` samples.
pub fn erode(mask: &Plane, radius: f32) -> Plane {
    distance_inside(mask).map(|d| if d > radius { 1.0 } else { 0.0 })
}

/// Matte that is 0 up to `start` samples inside the mask's edge and rises to 1 over the next `ramp` samples.
pub fn erode_soft(mask: &Plane, start: f32, ramp: f32) -> Plane {
    distance_inside(mask).map(|d| ((d - start) / ramp.max(1e-3)).clamp(0.0, 1.0))
}

fn transform(mask: &Plane, is_target: impl Fn(f32) -> bool) -> Plane {
    const FAR: f32 = 1e12;
    let size = mask.size();
    let mut squared = mask.map(|v| if is_target(v) { 0.0 } else { FAR });
    let longest = size.width.max(size.height);
    let mut line = vec![0.0f32; longest];
    let mut out = vec![0.0f32; longest];
    let mut envelope = Envelope::new(longest);
    for x in 0..size.width {
        for y in 0..size.height {
            line[y] = squared.at(x, y);
        }
        envelope.lower(&line[..size.height], &mut out[..size.height]);
        for y in 0..size.height {
            *squared.at_mut(x, y) = out[y];
        }
    }
    for y in 0..size.height {
        line[..size.width].copy_from_slice(squared.row(y));
        envelope.lower(&line[..size.width], &mut out[..size.width]);
        squared.row_mut(y).copy_from_slice(&out[..size.width]);
    }
    squared.apply(f32::sqrt);
    squared
}

/// Lower envelope of parabolas, the one-dimensional step of the transform.
struct Envelope {
    apex: Vec<usize>,
    bound: Vec<f32>,
}

impl Envelope {
    fn new(longest: usize) -> Self {
        Self { apex: vec![0; longest], bound: vec![0.0; longest + 1] }
    }

    fn lower(&mut self, heights: &[f32], out: &mut [f32]) {
        let count = heights.len();
        if count == 0 {
            return;
        }
        let crossing = |p: usize, q: usize| {
            let (pf, qf) = (p as f64, q as f64);
            ((f64::from(heights[q]) + qf * qf - f64::from(heights[p]) - pf * pf) / (2.0 * (qf - pf))) as f32
        };
        let mut last = 0;
        self.apex[0] = 0;
        self.bound[0] = f32::NEG_INFINITY;
        self.bound[1] = f32::INFINITY;
        for q in 1..count {
            let mut s = crossing(self.apex[last], q);
            while s <= self.bound[last] {
                last -= 1;
                s = crossing(self.apex[last], q);
            }
            last += 1;
            self.apex[last] = q;
            self.bound[last] = s;
            self.bound[last + 1] = f32::INFINITY;
        }
        let mut current = 0;
        for (q, value) in out.iter_mut().enumerate() {
            while self.bound[current + 1] < q as f32 {
                current += 1;
            }
            let apex = self.apex[current];
            let d = q as f32 - apex as f32;
            *value = d * d + heights[apex];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;

    #[test]
    fn equals_brute_force() {
        let size = Size::new(23, 17);
        let mask = Plane::from_fn(size, |x, y| if (x * 7 + y * 13) % 29 == 0 { 1.0 } else { 0.0 });
        let fast = distance_outside(&mask);
        for y in 0..size.height {
            for x in 0..size.width {
                let mut best = f32::INFINITY;
                for v in 0..size.height {
                    for u in 0..size.width {
                        if mask.at(u, v) > 0.5 {
                            best = best.min((x as f32 - u as f32).hypot(y as f32 - v as f32));
                        }
                    }
                }
                assert!((fast.at(x, y) - best).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn erosion_of_a_dilated_dot_is_the_dot() {
        let mut mask = Plane::zeros(Size::new(21, 21));
        *mask.at_mut(10, 10) = 1.0;
        let grown = dilate(&mask, 4.0);
        assert_eq!(grown.at(10, 14), 1.0);
        assert_eq!(grown.at(13, 13), 0.0);
        let back = erode(&grown, 4.0);
        assert_eq!(back.at(10, 10), 1.0);
        assert_eq!(back.sum(), 1.0);
    }
}
