//! A piece of a stored row, channel by channel, so that whole vectors of samples are worked on at once.

use pixel::picture::Samples;
use pixel::wide_lanes;

/// Encoded red, green and blue, 0..1, of some columns of a stored row.
#[derive(Default)]
pub struct Row {
    channels: [Vec<f32>; 3],
}

impl Row {
    /// Takes in so many `columns` from pixel number `start` of a picture on.
    pub fn load(&mut self, samples: &Samples, start: usize, columns: usize) {
        let part = 3 * start..3 * (start + columns);
        match samples {
            Samples::U8(s) => self.load_samples(&s[part], 1.0 / 255.0),
            Samples::U16(s) => self.load_samples(&s[part], 1.0 / 65535.0),
        }
    }

    /// Takes in interleaved samples, each times `scale`.
    pub(crate) fn load_samples<T: Copy + Into<f32>>(&mut self, samples: &[T], scale: f32) {
        let pixels = samples.as_chunks::<3>().0;
        self.channels.iter_mut().for_each(|channel| channel.resize(pixels.len(), 0.0));
        let [red, green, blue] = &mut self.channels;
        wide_lanes(|| split(pixels, scale, red, green, blue));
    }

    /// Writes the columns to interleaved samples.
    pub(crate) fn store<T>(&self, samples: &mut [T], quantise: impl Fn(f32) -> T) {
        let [red, green, blue] = &self.channels;
        wide_lanes(|| join(red, green, blue, samples.as_chunks_mut::<3>().0, quantise));
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.channels[0].len()
    }

    /// Red, green and blue.
    pub fn channels(&self) -> [&[f32]; 3] {
        self.channels.each_ref().map(Vec::as_slice)
    }

    /// Red, green and blue, to be changed.
    pub fn channels_mut(&mut self) -> [&mut [f32]; 3] {
        self.channels.each_mut().map(Vec::as_mut_slice)
    }
}

#[inline(always)]
fn split<T: Copy + Into<f32>>(
    pixels: &[[T; 3]],
    scale: f32,
    red: &mut [f32],
    green: &mut [f32],
    blue: &mut [f32],
) {
    for (((pixel, r), g), b) in pixels.iter().zip(red).zip(green).zip(blue) {
        (*r, *g, *b) = (pixel[0].into() * scale, pixel[1].into() * scale, pixel[2].into() * scale);
    }
}

#[inline(always)]
fn join<T>(red: &[f32], green: &[f32], blue: &[f32], pixels: &mut [[T; 3]], quantise: impl Fn(f32) -> T) {
    for (((pixel, r), g), b) in pixels.iter_mut().zip(red).zip(green).zip(blue) {
        *pixel = [quantise(*r), quantise(*g), quantise(*b)];
    }
}
