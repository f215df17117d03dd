//! Ranks among samples: quantiles and medians.

use crate::plane::Plane;

/// The samples of a plane where `weight` lies above 1/2, one place in `every` looked at (at least 1), row by row.
pub fn inside(plane: &Plane, weight: &Plane, every: usize) -> Vec<f32> {
    let places = plane.samples().iter().zip(weight.samples()).step_by(every.max(1));
    places.filter(|(_, weight)| **weight > 0.5).map(|(value, _)| *value).collect()
}

/// The value below which `share` (0..1) of the samples lie that have a `weight` above 1/2; `None` without any.
pub fn quantile(plane: &Plane, weight: &Plane, share: f32) -> Option<f32> {
    at_rank(inside(plane, weight, 1), share)
}

/// The value below which `share` (0..1) of the values lie, always one of them; `None` of none.
pub fn at_rank(mut values: Vec<f32>, share: f32) -> Option<f32> {
    let last = values.len().checked_sub(1)?;
    let rank = (last as f32 * share.clamp(0.0, 1.0)) as usize;
    Some(*values.select_nth_unstable_by(rank, f32::total_cmp).1)
}

/// The middle value, the upper one of two; 0 of none.
pub fn median(mut values: Vec<f32>) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;

    #[test]
    fn quantiles_are_values_at_their_rank() {
        let values = || vec![5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!(
            [0.0, 0.25, 0.5, 1.0].map(|share| at_rank(values(), share)),
            [1.0, 2.0, 3.0, 5.0].map(Some)
        );
        assert_eq!(at_rank(values(), 7.0), Some(5.0));
        assert_eq!(at_rank(Vec::new(), 0.5), None);
    }

    #[test]
    fn a_median_is_the_middle_or_the_upper_of_two() {
        assert_eq!(median(vec![9.0, 1.0, 4.0]), 4.0);
        assert_eq!(median(vec![9.0, 1.0, 4.0, 5.0]), 5.0);
        assert_eq!(median(Vec::new()), 0.0);
    }

    #[test]
    fn only_what_is_well_inside_counts() {
        let size = Size::new(4, 2);
        let plane = Plane::from_fn(size, |x, y| (x + 4 * y) as f32);
        let right = Plane::from_fn(size, |x, _| [0.0, 0.5, 0.6, 1.0][x]);
        assert_eq!(inside(&plane, &right, 1), [2.0, 3.0, 6.0, 7.0]);
        assert_eq!(inside(&plane, &right, 2), [2.0, 6.0]);
        assert_eq!(quantile(&plane, &right, 0.5), Some(3.0));
    }
}
