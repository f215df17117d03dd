//! Where subject and backdrop have one colour, white on white or black on black: the networks say what colour cannot.

use pixel::Plane;
use pixel::filter::{distance_inside, distance_outside};

use super::prior::Prior;

/// Probability of subject from which the networks are believed against the colour: for persons and for things. Between
/// arm and body they are less to be trusted than inside a thing.
const SURE: [f32; 2] = [0.97, 0.85];
/// Depth of a piece in network samples from which it is no gap that the networks were too coarse to see.
const DEEP: f32 = 1.5;
/// How far around such a depth what the networks find likely is taken, and what they are sure of, in network samples:
/// noise makes a ragged rim.
const AROUND: [f32; 2] = [2.5, 8.0];

/// Takes out of `ground` what a flood of the backdrop's colour reached inside the subject, and returns it.
pub(super) fn give_back(ground: &mut Plane, prior: &Prior) -> Plane {
    let sure = SURE[prior.kind as usize];
    let doubtful = ground.zip(&prior.subject, |g, s| if g > 0.5 && s > sure { 1.0 } else { 0.0 });
    // On most pictures colour and networks agree.
    if doubtful.max() < 0.5 {
        return doubtful;
    }
    let core = distance_inside(&doubtful).map(|depth| if depth > DEEP * prior.pitch { 1.0 } else { 0.0 });
    if core.max() < 0.5 {
        return core;
    }
    let near = distance_outside(&core);
    let inside = near.zip(&prior.subject, |d, s| {
        let around = if s > sure { AROUND[1] } else { AROUND[0] };
        if s > 0.5 && d <= around * prior.pitch { 1.0 } else { 0.0 }
    });
    let back = inside.zip(ground, |inside, g| inside * g);
    ground.apply_with(&back, |g, b| if b > 0.5 { 0.0 } else { g });
    back
}
