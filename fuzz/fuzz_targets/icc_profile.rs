//! Any bytes as an ICC profile; a usable one must give finite colours both ways.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pixel::colour::profile::ColourSpace;

fuzz_target!(|bytes: &[u8]| {
    let Ok(space) = ColourSpace::from_icc(bytes) else { return };
    for index in 0..64u8 {
        let level = |shift: u8| f32::from(index >> shift & 3) / 3.0;
        let linear = space.to_linear([level(0), level(2), level(4)]);
        assert!(linear.iter().all(|v| v.is_finite()));
        assert!(space.from_linear(linear).iter().all(|v| (0.0..=1.0).contains(v)));
    }
});
