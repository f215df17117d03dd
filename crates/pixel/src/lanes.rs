//! The processor's widest lanes for loops over samples.

/// Runs `work` as code for AVX2 where the processor has it, as the build's ordinary code elsewhere.
///
/// Only what the compiler inlines into `work` gets the wider lanes: let it call one `#[inline(always)]` function.
/// Both ways give the same bits, because lanes only ever hold different samples, and products are not fused with sums.
#[inline(always)]
pub fn wide_lanes<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn wide<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            #[expect(unsafe_code, reason = "calls code for a processor feature")]
            // SAFETY: `wide` asks for nothing but AVX2, and the processor has just been found to have it.
            return unsafe { wide(work) };
        }
    }
    work()
}

/// Adds values to sums, one to each. Sums of samples are whole numbers and exact up to 2^24.
#[inline(always)]
pub fn add<T: Copy + Into<f32>>(sums: &mut [f32], values: &[T]) {
    sums.iter_mut().zip(values).for_each(|(sum, &v)| *sum += v.into());
}

#[cfg(test)]
mod tests {
    use super::wide_lanes;

    #[inline(always)]
    fn sums(values: &[f32]) -> Vec<f32> {
        values.windows(8).map(|w| w.iter().map(|v| v * 0.1 + v.sqrt()).sum()).collect()
    }

    #[test]
    fn wide_and_ordinary_code_give_the_same_bits() {
        let values: Vec<f32> = (0..999u32).map(|i| (i * 7919 % 1000) as f32 / 997.0).collect();
        let ordinary = std::hint::black_box(sums as fn(&[f32]) -> Vec<f32>)(&values);
        assert_eq!(wide_lanes(|| sums(&values)), ordinary);
    }
}
