//! Hair strands over skin, finer than any network sees: close to hair, each pixel is placed between the colour of
//! the skin and the colour of the hair around it.

use pixel::filter::{distance_outside, gauss, gauss_masked};
use pixel::{Plane, ramp};

use super::canvas::Canvas;
use super::prior::Prior;
use crate::parts::Part;

/// How far from hair strands are looked for, in network samples: all the way, and not at all.
const NEAR: f32 = 5.0;
const FAR: f32 = 9.0;
/// Window over which the colours of skin and hair are averaged, in network samples.
const WINDOW: f32 = 4.0;
/// Skin and hair whose colours differ by less than this (encoded RGB) cannot be told apart by colour.
const CONTRAST: f32 = 0.12;

/// Takes strands of hair out of a skin `matte` of canvas size; `core` is sure skin at the prior's size.
pub(crate) fn remove_strands(canvas: &Canvas<'_>, prior: &Prior, core: &Plane, matte: &mut Plane) {
    let hair = prior.plane(Part::Hair);
    if hair.max() < 0.8 || core.max() < 0.5 {
        return;
    }
    let near = distance_outside(hair).map(|d| ramp(d, FAR * prior.blur, NEAR * prior.blur));
    let sure_hair = hair.map(|v| ramp(v, 0.75, 0.95));
    let window = WINDOW * prior.blur;
    let skin_colour = prior.guide().map(|channel| gauss_masked(channel, core, window));
    let hair_colour = prior.guide().map(|channel| gauss_masked(channel, &sure_hair, window));
    let broad = prior.guide().map(|channel| gauss(channel, prior.blur));
    let factor = prior.factor as f32;
    for j in 0..matte.height() {
        for i in 0..matte.width() {
            let v = matte.at(i, j);
            let (x, y) = ((i as f32 + 0.5) / factor - 0.5, (j as f32 + 0.5) / factor - 0.5);
            if v == 0.0 || near.at(i / prior.factor, j / prior.factor) == 0.0 {
                continue;
            }
            let (mut here, mut around, mut length) = (0.0, 0.0, 0.0);
            for k in 0..3 {
                let skin = skin_colour[k].bilinear(x, y);
                let axis = hair_colour[k].bilinear(x, y) - skin;
                here += (canvas.rgb[k].at(i, j) - skin) * axis;
                around += (broad[k].bilinear(x, y) - skin) * axis;
                length += axis * axis;
            }
            let clear = ramp(length.sqrt(), 0.7 * CONTRAST, 1.3 * CONTRAST) * near.bilinear(x, y);
            let (here, around) = (here / length.max(1e-6), around / length.max(1e-6));
            // The shade of a lock is as dark as hair, but broad; a strand stands out from what is around it.
            let strand = ramp(here, 0.65, 0.95).max(ramp(here - 0.7 * around.max(0.0), 0.25, 0.5));
            *matte.at_mut(i, j) = v * (1.0 - clear * strand);
        }
    }
}
