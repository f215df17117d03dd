//! The soft threshold of mattes and corrections.

/// Hermite step: 0 at `from`, 1 at `to`, in either direction, level at both ends.
#[inline(always)]
pub fn ramp(value: f32, from: f32, to: f32) -> f32 {
    let t = ((value - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::ramp;

    #[test]
    fn it_runs_from_0_to_1_in_either_direction() {
        for (from, to) in [(2.0, 4.0), (4.0, 2.0), (-1.0, 1.0)] {
            let at = |share: f32| ramp(from + share * (to - from), from, to);
            assert_eq!([at(-1.0), at(0.0), at(0.5), at(1.0), at(3.0)], [0.0, 0.0, 0.5, 1.0, 1.0]);
            assert!((0..50).all(|i| at(i as f32 / 50.0) < at((i + 1) as f32 / 50.0)));
        }
    }
}
