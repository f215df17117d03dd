//! Depthwise convolutions of 3 × 3 taps: each channel filtered by itself.

use rayon::prelude::*;

use pixel::wide_lanes;

/// Taps along a side.
const SIDE: usize = 3;
/// Outputs of a row that are worked out side by side.
const LANES: usize = 16;

/// One layer of depthwise filters, with the rectifier behind it.
pub(super) struct Depthwise {
    /// Taps of each channel, row by row.
    pub taps: Vec<[f32; SIDE * SIDE]>,
    /// What is added to each channel.
    pub bias: Vec<f32>,
    /// Samples from one output to the next, in both directions: 1 or 2.
    pub stride: usize,
    /// Samples of zero around each channel: above, left, below, right.
    pub pads: [usize; 4],
    /// Factor for what is below zero, 1 to leave it as it is.
    pub slope: f32,
}

impl Depthwise {
    /// Rows and columns of the output for so many of the input; nothing when the input is smaller than the filter.
    pub fn size(&self, [rows, columns]: [usize; 2]) -> [usize; 2] {
        let [above, left, below, right] = self.pads;
        let side =
            |length: usize, pads: usize| ((length + pads + self.stride).saturating_sub(SIDE)) / self.stride;
        [side(rows, above + below), side(columns, left + right)]
    }

    /// Filters channels of `rows` × `columns` samples that lie one behind the other. The same input gives the same bits on
    /// any number of threads and with any width of lanes.
    pub fn apply(&self, input: &[f32], [rows, columns]: [usize; 2]) -> Vec<f32> {
        let [out_rows, out_columns] = self.size([rows, columns]);
        let mut output = vec![0.0; self.taps.len() * out_rows * out_columns];
        if output.is_empty() || input.is_empty() {
            return output;
        }
        let channels = output.par_chunks_mut(out_rows * out_columns).zip(input.par_chunks(rows * columns));
        let filters = self.taps.par_iter().zip(&self.bias);
        channels.zip(filters).for_each_init(Vec::new, |padded, ((output, input), (taps, &bias))| {
            let layout = self.pad(input, columns, padded);
            wide_lanes(|| match self.stride {
                1 => filter::<1>(padded, layout, taps, bias, self.slope, output, out_columns),
                _ => filter::<2>(padded, layout, taps, bias, self.slope, output, out_columns),
            });
        });
        output
    }

    /// One channel with its border of zeros, at stride 2 the even columns of each row before the odd ones. Gives the
    /// length of a row and of its even part.
    fn pad(&self, input: &[f32], columns: usize, padded: &mut Vec<f32>) -> [usize; 2] {
        let [above, left, below, right] = self.pads;
        let row = columns + left + right;
        let even = row.div_ceil(2);
        padded.clear();
        padded.resize((input.len() / columns + above + below) * row, 0.0);
        // At stride 2, an odd border shifts which samples fall on even columns.
        let (first, rest) = (left % 2, left.div_ceil(2));
        for (to, from) in padded.chunks_exact_mut(row).skip(above).zip(input.chunks_exact(columns)) {
            if self.stride == 1 {
                to[left..left + columns].copy_from_slice(from);
                continue;
            }
            let (to_even, to_odd) = to.split_at_mut(even);
            let lone = from.len().min(first);
            to_odd[left / 2..][..lone].copy_from_slice(&from[..lone]);
            let places = to_even[rest..].iter_mut().zip(from[lone..].iter().step_by(2));
            places.for_each(|(to, from)| *to = *from);
            let places = to_odd[rest..].iter_mut().zip(from[lone..].iter().skip(1).step_by(2));
            places.for_each(|(to, from)| *to = *from);
        }
        [row, even]
    }
}

/// Filters one padded channel.
#[inline(always)]
fn filter<const STRIDE: usize>(
    padded: &[f32],
    [row, even]: [usize; 2],
    taps: &[f32; SIDE * SIDE],
    bias: f32,
    slope: f32,
    output: &mut [f32],
    out_columns: usize,
) {
    for (y, out) in output.chunks_exact_mut(out_columns).enumerate() {
        // Where the samples under the taps of a row begin, the last tap's included.
        let under = |line: usize| {
            let line = &padded[(y * STRIDE + line) * row..][..row];
            let starts = if STRIDE == 1 { [0, 1, 2] } else { [0, even, 1] };
            starts.map(|start| &line[start..][..out_columns])
        };
        let lines = [under(0), under(1), under(2)];
        let whole = out_columns - out_columns % LANES;
        for x in (0..whole).step_by(LANES) {
            let sums = sums::<LANES>(lines, x, taps, bias, slope);
            out[x..x + LANES].copy_from_slice(&sums);
        }
        for (x, out) in out.iter_mut().enumerate().skip(whole) {
            [*out] = sums::<1>(lines, x, taps, bias, slope);
        }
    }
}

/// Outputs `x` to `x + N` of a row.
#[inline(always)]
fn sums<const N: usize>(
    lines: [[&[f32]; SIDE]; SIDE],
    x: usize,
    taps: &[f32; SIDE * SIDE],
    bias: f32,
    slope: f32,
) -> [f32; N] {
    let mut sums = [bias; N];
    for (tap, weight) in taps.iter().enumerate() {
        let samples = lines[tap / SIDE][tap % SIDE][x..].first_chunk::<N>();
        for (sum, sample) in sums.iter_mut().zip(samples.unwrap_or(&[0.0; N])) {
            *sum += sample * weight;
        }
    }
    sums.map(|sum| if sum < 0.0 { sum * slope } else { sum })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same by the definition, a sample at a time.
    fn plain(layer: &Depthwise, input: &[f32], [rows, columns]: [usize; 2]) -> Vec<f32> {
        let [out_rows, out_columns] = layer.size([rows, columns]);
        let at = |channel: usize, y: usize, x: usize| {
            let (y, x) = (y.wrapping_sub(layer.pads[0]), x.wrapping_sub(layer.pads[1]));
            let inside = y < rows && x < columns;
            if inside { input[(channel * rows + y) * columns + x] } else { 0.0 }
        };
        let mut output = Vec::new();
        for (channel, taps) in layer.taps.iter().enumerate() {
            for y in 0..out_rows {
                for x in 0..out_columns {
                    let mut sum = layer.bias[channel];
                    for (tap, weight) in taps.iter().enumerate() {
                        sum += weight
                            * at(channel, y * layer.stride + tap / SIDE, x * layer.stride + tap % SIDE);
                    }
                    output.push(if sum < 0.0 { sum * layer.slope } else { sum });
                }
            }
        }
        output
    }

    fn noise(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 7919 + seed * 104_729) % 1009) as f32 / 504.0 - 1.0).collect()
    }

    proptest! {
        #[test]
        fn every_sample_is_what_the_definition_says(
            size in [1usize..20, 1usize..40],
            stride in 1usize..=2,
            pads in [0usize..3, 0usize..3, 0usize..3, 0usize..3],
            slope in prop::sample::select(vec![0.0f32, 0.1, 1.0]),
            seed in 0usize..1000,
        ) {
            let channels = 3;
            let taps = noise(channels * 9, seed).chunks_exact(9).map(|taps| std::array::from_fn(|i| taps[i])).collect();
            let layer = Depthwise { taps, bias: noise(channels, seed + 1), stride, pads, slope };
            let input = noise(channels * size[0] * size[1], seed + 2);
            prop_assert_eq!(layer.apply(&input, size), plain(&layer, &input, size));
        }
    }
}
