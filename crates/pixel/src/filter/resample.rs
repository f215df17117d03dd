//! Changing resolution: box average down by whole steps, bilinear up and to any size.

use rayon::prelude::*;

use crate::geometry::Size;
use crate::plane::Plane;

/// Rows that one thread takes at a time.
const BAND: usize = 16;

/// Box average over `step` × `step` blocks; the last column and row average what is there.
pub fn reduce(plane: &Plane, step: usize) -> Plane {
    if step == 1 {
        return plane.clone();
    }
    let rows = |y: usize, sums: &mut [f32]| sums.iter_mut().zip(plane.row(y)).for_each(|(s, v)| *s += v);
    reduce_rows(plane.size(), step, rows)
}

/// [`reduce`] of the product of two planes of one size.
pub(super) fn reduce_product(plane: &Plane, other: &Plane, step: usize) -> Plane {
    assert_eq!(plane.size(), other.size(), "planes of one size");
    let rows = |y: usize, sums: &mut [f32]| {
        let pairs = plane.row(y).iter().zip(other.row(y));
        sums.iter_mut().zip(pairs).for_each(|(s, (v, w))| *s += v * w);
    };
    reduce_rows(plane.size(), step, rows)
}

/// Box average of rows that `add_row` adds to a line of sums.
fn reduce_rows(full: Size, step: usize, add_row: impl Fn(usize, &mut [f32]) + Sync) -> Plane {
    let size = Size::new(full.width.div_ceil(step), full.height.div_ceil(step));
    let mut reduced = Plane::zeros(size);
    let bands = reduced.samples_mut().par_chunks_mut(size.width.max(1) * BAND);
    bands.enumerate().for_each_init(
        || vec![0.0f32; full.width],
        |sums, (band, chunk)| {
            for (i, out) in chunk.chunks_exact_mut(size.width).enumerate() {
                let top = (band * BAND + i) * step;
                let rows = top..(top + step).min(full.height);
                let count = rows.len() as f32;
                sums.fill(0.0);
                rows.for_each(|y| add_row(y, sums));
                for (out, block) in out.iter_mut().zip(sums.chunks(step)) {
                    *out = block.iter().sum::<f32>() / (count * block.len() as f32);
                }
            }
        },
    );
    reduced
}

/// Bilinear enlargement by the whole factor `step`, the inverse placement of [`reduce`], cut to `size`.
pub fn enlarge(plane: &Plane, step: usize, size: Size) -> Plane {
    if step == 1 {
        assert_eq!(plane.size(), size, "a step of one keeps the size");
        return plane.clone();
    }
    let shares = shares(step);
    sample_rows(plane, size, 1.0 / step as f32, |blended, out| {
        enlarge_row(blended, &shares, out);
    })
}

/// [`enlarge`] of several planes of one size without holding any of them enlarged: `combine` gets the number
/// of each row, the enlarged rows and the row to fill.
pub fn enlarge_combined<const N: usize>(
    planes: [&Plane; N],
    step: usize,
    size: Size,
    combine: impl Fn(usize, [&[f32]; N], &mut [f32]) + Sync,
) -> Plane {
    let shares = shares(step);
    let (columns, rows) = (planes[0].width(), planes[0].height());
    let mut out = Plane::zeros(size);
    let bands = out.samples_mut().par_chunks_mut(size.width.max(1) * BAND);
    bands.enumerate().for_each_init(
        || (vec![0.0f32; columns], [0; N].map(|_| vec![0.0f32; size.width])),
        |(blended, lines), (band, chunk)| {
            for (i, out) in chunk.chunks_exact_mut(size.width).enumerate() {
                let y = band * BAND + i;
                let (upper, lower, t) = neighbours(y, 1.0 / step as f32, rows);
                for (plane, line) in planes.iter().zip(lines.iter_mut()) {
                    let pairs = plane.row(upper).iter().zip(plane.row(lower));
                    blended.iter_mut().zip(pairs).for_each(|(b, (u, l))| *b = u + (l - u) * t);
                    enlarge_row(blended, &shares, line);
                }
                combine(y, std::array::from_fn(|n| lines[n].as_slice()), out);
            }
        },
    );
    out
}

/// For each place between two samples `step` apart the share of the second.
fn shares(step: usize) -> Vec<f32> {
    (0..step).map(|k| ((k + step / 2) as f32 + 0.5) / step as f32 - 0.5).collect()
}

/// Linear enlargement of a row; `shares` holds the share of the second of two samples for the places between them.
fn enlarge_row(row: &[f32], shares: &[f32], out: &mut [f32]) {
    let last = row.len() - 1;
    let (head, rest) = out.split_at_mut((shares.len() / 2).min(out.len()));
    head.fill(row[0]);
    for (cell, out) in rest.chunks_mut(shares.len()).enumerate() {
        let first = row[cell.min(last)];
        let rise = row[(cell + 1).min(last)] - first;
        out.iter_mut().zip(shares).for_each(|(o, t)| *o = first + rise * t);
    }
}

/// Bilinear resize to any size, outer edges matched. Reduce first when shrinking by more than half.
pub fn resize_bilinear(plane: &Plane, size: Size) -> Plane {
    if plane.size() == size {
        return plane.clone();
    }
    let step = plane.width() as f32 / size.width as f32;
    let columns: Vec<_> = (0..size.width).map(|x| neighbours(x, step, plane.width())).collect();
    sample_rows(plane, size, plane.height() as f32 / size.height as f32, |blended, out| {
        for (value, &(left, right, t)) in out.iter_mut().zip(&columns) {
            *value = blended[left] + (blended[right] - blended[left]) * t;
        }
    })
}

/// Rows of `plane` blended in pairs, `step` source rows a target row, each brought to its width by `spread`.
fn sample_rows(plane: &Plane, size: Size, step: f32, spread: impl Fn(&[f32], &mut [f32]) + Sync) -> Plane {
    let mut out = Plane::zeros(size);
    let bands = out.samples_mut().par_chunks_mut(size.width.max(1) * BAND);
    bands.enumerate().for_each_init(
        || vec![0.0f32; plane.width()],
        |blended, (band, chunk)| {
            for (i, out) in chunk.chunks_exact_mut(size.width).enumerate() {
                let (upper, lower, t) = neighbours(band * BAND + i, step, plane.height());
                let rows = plane.row(upper).iter().zip(plane.row(lower));
                blended.iter_mut().zip(rows).for_each(|(b, (u, l))| *b = u + (l - u) * t);
                spread(blended, out);
            }
        },
    );
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
    fn combined_enlargement_equals_single_ones() {
        let size = Size::new(37, 22);
        for step in [1, 2, 3, 5] {
            let small = Size::new(size.width.div_ceil(step), size.height.div_ceil(step));
            let a = Plane::from_fn(small, |x, y| ((x * 5 + y * 3) % 7) as f32);
            let b = Plane::from_fn(small, |x, y| ((x + y * 2) % 5) as f32);
            let sum = enlarge_combined([&a, &b], step, size, |y, [a, b], out| {
                out.iter_mut().enumerate().for_each(|(x, v)| *v = a[x] + b[x] * y as f32);
            });
            let (a, b) = (enlarge(&a, step, size), enlarge(&b, step, size));
            assert_eq!(sum, Plane::from_fn(size, |x, y| a.at(x, y) + b.at(x, y) * y as f32));
        }
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
