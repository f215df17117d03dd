//! Exact Euclidean distance transform (Felzenszwalb and Huttenlocher, 2012) and what rests on it.

use rayon::prelude::*;

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

/// Targets beyond every picture: rows away, and the square of a distance.
const NO_ROW: f32 = 1e6;
const FAR: f32 = 1e12;

fn transform(mask: &Plane, is_target: impl Fn(f32) -> bool) -> Plane {
    let mut squared = mask.map(|v| if is_target(v) { 0.0 } else { NO_ROW });
    let width = squared.width();
    if width == 0 {
        return squared;
    }
    rows_to_target(&mut squared);
    squared.samples_mut().par_chunks_mut(width).for_each_init(
        || (vec![0.0f32; width], Envelope::new(width)),
        |(heights, envelope), row| {
            heights.iter_mut().zip(&*row).for_each(|(h, d)| *h = if *d < NO_ROW { d * d } else { FAR });
            envelope.lower(heights, row);
            row.iter_mut().for_each(|v| *v = v.sqrt());
        },
    );
    squared
}

/// From 0 at the targets and [`NO_ROW`] elsewhere to the number of rows to the nearest target of the same column.
fn rows_to_target(plane: &mut Plane) {
    let (width, height) = (plane.width(), plane.height());
    let next = |from: &[f32], to: &mut [f32]| to.iter_mut().zip(from).for_each(|(t, f)| *t = t.min(f + 1.0));
    for y in 1..height {
        let (above, below) = plane.samples_mut().split_at_mut(y * width);
        next(&above[(y - 1) * width..], &mut below[..width]);
    }
    for y in (1..height).rev() {
        let (above, below) = plane.samples_mut().split_at_mut(y * width);
        next(&below[..width], &mut above[(y - 1) * width..]);
    }
}

/// Lower envelope of parabolas, the step of the transform along a row.
struct Envelope {
    apex: Vec<usize>,
    bound: Vec<f32>,
}

impl Envelope {
    fn new(longest: usize) -> Self {
        Self { apex: vec![0; longest], bound: vec![0.0; longest + 1] }
    }

    fn lower(&mut self, heights: &[f32], out: &mut [f32]) {
        let crossing = |p: usize, q: usize| {
            let (pf, qf) = (p as f64, q as f64);
            ((f64::from(heights[q]) + qf * qf - f64::from(heights[p]) - pf * pf) / (2.0 * (qf - pf))) as f32
        };
        // What is far everywhere in its column is nowhere the nearest.
        let mut near = (0..heights.len()).filter(|&q| heights[q] < FAR);
        let Some(first) = near.next() else {
            return out.fill(FAR);
        };
        let mut last = 0;
        self.apex[0] = first;
        self.bound[0] = f32::NEG_INFINITY;
        self.bound[1] = f32::INFINITY;
        for q in near {
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
