//! Blend modes: soft light as photo editors compute it, and the layer value that reaches a target.
//!
//! With base b and layer s in 0..1: s <= 1/2 gives b + (2s-1)(b - b²), s > 1/2 gives
//! b + (2s-1)(√b - b) (specification section 5, "Layered ZIP"). Written with the signed *push*
//! k = 2s - 1 in -1..1 the mode is linear in k on each side, so a weighted sum of pushes is the
//! push of a weighted mix, and k = 0 is the identity.

/// Soft light of base `b` under a layer with push `k` (layer value (k + 1) / 2).
#[inline]
pub fn soft_light(b: f32, k: f32) -> f32 {
    b + k * soft_light_reach(b, k > 0.0)
}

/// The push that turns base `b` into `target` under soft light, limited to -1..1.
///
/// Reachable targets lie in b²..√b; near black and white nothing can be reached and the push is 0.
#[inline]
pub fn soft_light_push(b: f32, target: f32) -> f32 {
    let room = soft_light_reach(b, target > b);
    if room < 1e-4 {
        return 0.0;
    }
    ((target - b) / room).clamp(-1.0, 1.0)
}

/// How far full strength moves `b`, upwards (√b - b) or downwards (b - b²).
#[inline]
pub fn soft_light_reach(b: f32, up: bool) -> f32 {
    let b = b.clamp(0.0, 1.0);
    if up { b.sqrt() - b } else { b - b * b }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn soft_light_stays_in_range_and_keeps_the_order_of_tones(b in 0f32..=1.0, c in 0f32..=1.0, k in -1f32..=1.0) {
            let (low, high) = (b.min(c), b.max(c));
            let laid = soft_light(low, k);
            prop_assert!((0.0..=1.0).contains(&laid));
            prop_assert!(laid <= soft_light(high, k) + 1e-6);
            let right_way = if k > 0.0 { laid >= low } else { laid <= low };
            prop_assert!(right_way, "{} under push {} gives {}", low, k, laid);
        }

        #[test]
        fn a_push_never_goes_past_its_target(b in 0f32..=1.0, target in -0.5f32..=1.5) {
            let laid = soft_light(b, soft_light_push(b, target));
            let (low, high) = (b.min(target) - 1e-5, b.max(target) + 1e-5);
            prop_assert!((low..=high).contains(&laid), "{b} to {target} gives {laid}");
        }
    }

    fn photoshop(b: f32, s: f32) -> f32 {
        if s <= 0.5 {
            2.0 * b * s + b * b * (1.0 - 2.0 * s)
        } else {
            2.0 * b * (1.0 - s) + b.sqrt() * (2.0 * s - 1.0)
        }
    }

    #[test]
    fn agrees_with_the_published_formula_and_grey_is_neutral() {
        for i in 0..=20 {
            let b = i as f32 / 20.0;
            for j in 0..=20 {
                let s = j as f32 / 20.0;
                assert!((soft_light(b, 2.0 * s - 1.0) - photoshop(b, s)).abs() < 1e-6);
            }
            assert_eq!(soft_light(b, 0.0), b);
        }
    }

    #[test]
    fn push_reaches_its_target() {
        for i in 1..20 {
            let b = i as f32 / 20.0;
            for target in [b * b + 0.001, b * 0.99, b, b * 1.005, b.sqrt() - 0.001] {
                let got = soft_light(b, soft_light_push(b, target));
                assert!((got - target).abs() < 1e-5, "{b} {target} {got}");
            }
        }
        assert_eq!(soft_light_push(0.0, 0.5), 0.0);
        assert_eq!(soft_light_push(1.0, 0.5), 0.0);
    }
}
