//! Changing resolution: box average down by whole steps, bilinear up and to any size.

use rayon::prelude::*;

use crate::geometry::{Rect, Size};
use crate::lanes::{add, wide_lanes};
use crate::plane::Plane;

/// Rows that one thread takes at a time.
const BAND: usize = 16;

/// Box average over `step` × `step` blocks; the last column and row average what is there.
pub fn reduce(plane: &Plane, step: usize) -> Plane {
    if step == 1 {
        return plane.clone();
    }
    reduce_rows(plane.size(), step, |y, sums| wide_lanes(|| add(sums, plane.row(y))))
}

/// Box average over blocks of `across` × `down` samples of the part inside `rect`, which must lie inside the plane, on
/// the caller's thread alone; the last column and row average what is there.
pub fn reduce_part_here(plane: &Plane, rect: Rect, across: usize, down: usize) -> Plane {
    let blocks = Blocks { full: rect.size(), across, down };
    let mut reduced = Plane::zeros(blocks.size());
    blocks.average(0, reduced.samples_mut(), &mut vec![0.0f32; rect.width], |y, sums| {
        let row = &plane.row(rect.y + y)[rect.x..rect.right()];
        wide_lanes(|| add(sums, row));
    });
    reduced
}

#[inline(always)]
fn add_products(sums: &mut [f32], values: &[f32], others: &[f32]) {
    sums.iter_mut().zip(values.iter().zip(others)).for_each(|(sum, (v, w))| *sum += v * w);
}

/// [`reduce`] of the product of two planes of one size.
pub(super) fn reduce_product(plane: &Plane, other: &Plane, step: usize) -> Plane {
    assert_eq!(plane.size(), other.size(), "planes of one size");
    reduce_rows(plane.size(), step, |y, sums| wide_lanes(|| add_products(sums, plane.row(y), other.row(y))))
}

/// Box average over `step` × `step` blocks of rows that `add_row` adds to a line of sums.
fn reduce_rows(full: Size, step: usize, add_row: impl Fn(usize, &mut [f32]) + Sync) -> Plane {
    let blocks = Blocks { full, across: step, down: step };
    let mut reduced = Plane::zeros(blocks.size());
    let bands = reduced.samples_mut().par_chunks_mut(blocks.size().width.max(1) * BAND);
    bands.enumerate().for_each_init(
        || vec![0.0f32; full.width],
        |sums, (band, chunk)| blocks.average(band * BAND, chunk, sums, &add_row),
    );
    reduced
}

/// How a plane of a size is cut into blocks.
#[derive(Clone, Copy)]
struct Blocks {
    full: Size,
    across: usize,
    down: usize,
}

impl Blocks {
    /// Columns and rows of blocks.
    fn size(self) -> Size {
        Size::new(self.full.width.div_ceil(self.across), self.full.height.div_ceil(self.down))
    }

    /// Fills `out` with the means of whole rows of blocks, from row number `first` on; `sums` has room for a row of
    /// samples.
    fn average(self, first: usize, out: &mut [f32], sums: &mut [f32], add_row: impl Fn(usize, &mut [f32])) {
        for (i, out) in out.chunks_exact_mut(self.size().width.max(1)).enumerate() {
            let top = (first + i) * self.down;
            let rows = top..(top + self.down).min(self.full.height);
            let count = rows.len() as f32;
            sums.fill(0.0);
            rows.for_each(|y| add_row(y, sums));
            mean_blocks(sums, self.across, count, out);
        }
    }
}

/// Means of blocks of `across` sums of `count` values each; the last may be shorter.
fn mean_blocks(sums: &[f32], across: usize, count: f32, means: &mut [f32]) {
    match across {
        2 => mean_whole_blocks::<2>(sums, count, means),
        3 => mean_whole_blocks::<3>(sums, count, means),
        4 => mean_whole_blocks::<4>(sums, count, means),
        5 => mean_whole_blocks::<5>(sums, count, means),
        6 => mean_whole_blocks::<6>(sums, count, means),
        _ => {
            for (mean, block) in means.iter_mut().zip(sums.chunks(across)) {
                *mean = block.iter().sum::<f32>() / (count * block.len() as f32);
            }
        }
    }
}

/// [`mean_blocks`] for the steps that are usual: the compiler lays out the sums of a block whose length it knows.
fn mean_whole_blocks<const N: usize>(sums: &[f32], count: f32, means: &mut [f32]) {
    let (blocks, rest) = sums.as_chunks::<N>();
    for (mean, block) in means.iter_mut().zip(blocks) {
        *mean = block.iter().sum::<f32>() / (count * N as f32);
    }
    if let Some(last) = means.last_mut().filter(|_| !rest.is_empty()) {
        *last = rest.iter().sum::<f32>() / (count * rest.len() as f32);
    }
}

/// Bilinear enlargement by the whole factor `step`, the inverse placement of [`reduce`], cut to `size`.
pub fn enlarge(plane: &Plane, step: usize, size: Size) -> Plane {
    if step == 1 {
        assert_eq!(plane.size(), size, "a step of one keeps the size");
        return plane.clone();
    }
    let shares = shares(step);
    sample_rows(plane, size, 1.0 / step as f32, |blended, out| {
        wide_lanes(|| enlarge_row(blended, &shares, out));
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
                    wide_lanes(|| enlarge_row(blended, &shares, line));
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
#[inline(always)]
fn enlarge_row(row: &[f32], shares: &[f32], out: &mut [f32]) {
    let (head, rest) = out.split_at_mut((shares.len() / 2).min(out.len()));
    head.fill(row[0]);
    let filled = match shares.len() {
        2 => fill_cells::<2>(row, shares, rest),
        3 => fill_cells::<3>(row, shares, rest),
        4 => fill_cells::<4>(row, shares, rest),
        5 => fill_cells::<5>(row, shares, rest),
        6 => fill_cells::<6>(row, shares, rest),
        _ => 0,
    };
    let last = row.len() - 1;
    for (cell, out) in rest.chunks_mut(shares.len()).enumerate().skip(filled) {
        let first = row[cell.min(last)];
        let rise = row[(cell + 1).min(last)] - first;
        out.iter_mut().zip(shares).for_each(|(o, t)| *o = first + rise * t);
    }
}

/// Fills the whole cells between two samples each, for the steps that are usual: the compiler lays out a cell whose
/// length it knows. Returns how many.
#[inline(always)]
fn fill_cells<const N: usize>(row: &[f32], shares: &[f32], out: &mut [f32]) -> usize {
    let Some(shares) = shares.first_chunk::<N>() else { return 0 };
    let (cells, _) = out.as_chunks_mut::<N>();
    for (cell, pair) in cells.iter_mut().zip(row.windows(2)) {
        let (first, rise) = (pair[0], pair[1] - pair[0]);
        *cell = shares.map(|t| first + rise * t);
    }
    cells.len().min(row.len() - 1)
}

/// Bilinear values of `plane` at the columns `xs` and rows `ys`, sample centres at whole numbers, edges continued
/// outwards; all 0 when the plane is empty.
pub fn sample_grid(plane: &Plane, xs: &[f32], ys: &[f32]) -> Plane {
    let mut out = Plane::zeros(Size::new(xs.len(), ys.len()));
    if plane.size().area() == 0 || xs.is_empty() {
        return out;
    }
    let columns = between(xs, plane.width());
    out.samples_mut().par_chunks_mut(xs.len() * BAND).zip(ys.par_chunks(BAND)).for_each_init(
        || vec![0.0f32; plane.width()],
        |line, (rows, ys)| sample_rows_at(plane, &columns, ys, line, rows),
    );
    out
}

/// [`sample_grid`] on the caller's thread alone, into `out`: one row of `xs.len()` values for each of `ys`.
///
/// # Panics
/// When `out` does not hold exactly these values.
pub fn sample_grid_here(plane: &Plane, xs: &[f32], ys: &[f32], out: &mut [f32]) {
    assert_eq!(out.len(), xs.len() * ys.len(), "one value a place");
    if plane.size().area() == 0 || xs.is_empty() {
        return out.fill(0.0);
    }
    sample_rows_at(plane, &between(xs, plane.width()), ys, &mut vec![0.0f32; plane.width()], out);
}

/// For each place along a side of `length` samples the two samples around it and the share of the second.
fn between(places: &[f32], length: usize) -> Vec<(usize, usize, f32)> {
    let around = |&at: &f32| {
        let at = at.clamp(0.0, (length - 1) as f32);
        (at as usize, (at as usize + 1).min(length - 1), at - at.floor())
    };
    places.iter().map(around).collect()
}

/// Rows `ys` of the grid; `line` has room for a row of the plane.
fn sample_rows_at(
    plane: &Plane,
    columns: &[(usize, usize, f32)],
    ys: &[f32],
    line: &mut [f32],
    out: &mut [f32],
) {
    for (row, (top, bottom, t)) in out.chunks_exact_mut(columns.len()).zip(between(ys, plane.height())) {
        let pairs = plane.row(top).iter().zip(plane.row(bottom));
        line.iter_mut().zip(pairs).for_each(|(v, (a, b))| *v = a * (1.0 - t) + b * t);
        for (v, &(left, right, t)) in row.iter_mut().zip(columns) {
            *v = line[left] * (1.0 - t) + line[right] * t;
        }
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
    fn parts_are_averaged_over_oblong_blocks() {
        let plane = Plane::from_fn(Size::new(31, 20), |x, y| (x * x + 10 * y) as f32);
        let rect = Rect { x: 3, y: 2, width: 23, height: 17 };
        for (across, down) in [(1, 1), (2, 3), (3, 2), (4, 1), (5, 4), (6, 6), (7, 5)] {
            let reduced = reduce_part_here(&plane, rect, across, down);
            assert_eq!(reduced.size(), Size::new(23usize.div_ceil(across), 17usize.div_ceil(down)));
            for j in 0..reduced.height() {
                for i in 0..reduced.width() {
                    let xs = rect.x + i * across..(rect.x + (i + 1) * across).min(rect.right());
                    let ys = rect.y + j * down..(rect.y + (j + 1) * down).min(rect.bottom());
                    let count = (xs.len() * ys.len()) as f32;
                    let sum: f32 =
                        ys.flat_map(|y| xs.clone().map(move |x| (x, y))).map(|(x, y)| plane.at(x, y)).sum();
                    assert!((reduced.at(i, j) - sum / count).abs() < 1e-3, "{across} {down} {i} {j}");
                }
            }
        }
    }

    #[test]
    fn a_sampled_grid_has_the_bilinear_values() {
        let plane = Plane::from_fn(Size::new(7, 5), |x, y| ((x * 5 + y * 3) % 7) as f32);
        let xs: Vec<f32> = (0..30).map(|i| 0.25 * i as f32 - 0.375).collect();
        let ys: Vec<f32> = (0..40).map(|j| 0.15 * j as f32 - 0.9).collect();
        let fine = sample_grid(&plane, &xs, &ys);
        for (j, &y) in ys.iter().enumerate() {
            for (i, &x) in xs.iter().enumerate() {
                assert!((fine.at(i, j) - plane.bilinear(x, y)).abs() < 1e-4, "{x} {y}");
            }
        }
        let mut here = vec![0.0; xs.len() * ys.len()];
        sample_grid_here(&plane, &xs, &ys, &mut here);
        assert_eq!(here, fine.samples());
        assert_eq!(sample_grid(&Plane::zeros(Size::new(0, 3)), &xs, &ys).max(), 0.0);
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
