//! Changing resolution: box average down by whole steps, bilinear up and to any size.

use crate::geometry::Size;
use crate::plane::Plane;

/// Box average over `step` × `step` blocks; the last column and row average what is there.
pub fn reduce(plane: &Plane, step: usize) -> Plane {
    if step == 1 {
        return plane.clone();
    }
    let size = Size::new(plane.width().div_ceil(step), plane.height().div_ceil(step));
    let mut reduced = Plane::zeros(size);
    let mut sums = vec![0.0f32; plane.width()];
    for y in 0..size.height {
        let rows = y * step..((y + 1) * step).min(plane.height());
        let count = rows.len() as f32;
        sums.fill(0.0);
        for source in rows {
            sums.iter_mut().zip(plane.row(source)).for_each(|(s, v)| *s += v);
        }
        for (out, block) in reduced.row_mut(y).iter_mut().zip(sums.chunks(step)) {
            *out = block.iter().sum::<f32>() / (count * block.len() as f32);
        }
    }
    reduced
}

/// Bilinear enlargement by the whole factor `step`, the inverse placement of [`reduce`], cut to `size`.
pub fn enlarge(plane: &Plane, step: usize, size: Size) -> Plane {
    if step == 1 {
        assert_eq!(plane.size(), size, "a step of one keeps the size");
        return plane.clone();
    }
    let scale = 1.0 / step as f32;
    sample_grid(plane, size, scale, scale)
}

/// Bilinear resize to any size, outer edges matched. Reduce first when shrinking by more than half.
pub fn resize_bilinear(plane: &Plane, size: Size) -> Plane {
    if plane.size() == size {
        return plane.clone();
    }
    sample_grid(
        plane,
        size,
        plane.width() as f32 / size.width as f32,
        plane.height() as f32 / size.height as f32,
    )
}

fn sample_grid(plane: &Plane, size: Size, step_x: f32, step_y: f32) -> Plane {
    let columns: Vec<(usize, usize, f32)> =
        (0..size.width).map(|x| neighbours(x, step_x, plane.width())).collect();
    let mut out = Plane::zeros(size);
    let mut blended = vec![0.0f32; plane.width()];
    for y in 0..size.height {
        let (upper, lower, t) = neighbours(y, step_y, plane.height());
        let rows = plane.row(upper).iter().zip(plane.row(lower));
        blended.iter_mut().zip(rows).for_each(|(b, (u, l))| *b = u + (l - u) * t);
        for (value, &(left, right, t)) in out.row_mut(y).iter_mut().zip(&columns) {
            *value = blended[left] + (blended[right] - blended[left]) * t;
        }
    }
    out
}

/// The two source samples around target sample `index` and the share of the second.
fn neighbours(index: usize, step: f32, count: usize) -> (usize, usize, f32) {
    let place = ((index as f32 + 0.5) * step - 0.5).clamp(0.0, (count - 1) as f32);
    let first = place.floor() as usize;
    (first, (first + 1).min(count - 1), place - first as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reduce_averages_blocks_and_ragged_edges() {
        let plane = Plane::from_fn(Size::new(5, 3), |x, y| (x + 10 * y) as f32);
        let half = reduce(&plane, 2);
        assert_eq!(half.size(), Size::new(3, 2));
        assert_eq!(half.at(0, 0), 5.5);
        assert_eq!(half.at(2, 1), 24.0);
    }

    #[test]
    fn a_ramp_survives_down_and_up() {
        let plane = Plane::from_fn(Size::new(64, 48), |x, y| x as f32 * 2.0 + y as f32);
        let back = enlarge(&reduce(&plane, 4), 4, plane.size());
        for y in 4..44 {
            for x in 4..60 {
                assert!((back.at(x, y) - plane.at(x, y)).abs() < 1e-3);
            }
        }
    }
}
