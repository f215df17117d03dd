//! Small systems of linear equations, as least squares lead to.

/// Solves `matrix` · x = `right` (Gauss, with pivots); `None` when the equations leave x open.
pub fn solve<const N: usize>(mut matrix: [[f64; N]; N], mut right: [f64; N]) -> Option<[f64; N]> {
    for k in 0..N {
        let pivot = (k..N).max_by(|&i, &j| matrix[i][k].abs().total_cmp(&matrix[j][k].abs()))?;
        matrix.swap(k, pivot);
        right.swap(k, pivot);
        if matrix[k][k].abs() < 1e-9 {
            return None;
        }
        for i in k + 1..N {
            let times = matrix[i][k] / matrix[k][k];
            let upper = matrix[k];
            matrix[i].iter_mut().zip(upper).skip(k).for_each(|(v, u)| *v -= times * u);
            right[i] -= times * right[k];
        }
    }
    let mut found = [0.0; N];
    for k in (0..N).rev() {
        let known: f64 = (k + 1..N).map(|j| matrix[k][j] * found[j]).sum();
        found[k] = (right[k] - known) / matrix[k][k];
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::solve;

    #[test]
    fn systems_are_solved_whatever_the_order_of_their_equations() {
        const N: usize = 7;
        let wanted: [f64; N] = std::array::from_fn(|n| n as f64 - 2.5);
        let row = |k: usize| -> [f64; N] {
            std::array::from_fn(|n| match (n + N - k) % N {
                0 => 3.0 + k as f64,
                1 | 6 => 0.5,
                _ => 0.0,
            })
        };
        for first in 0..N {
            let matrix: [[f64; N]; N] = std::array::from_fn(|k| row((first + 3 * k) % N));
            let right = matrix.map(|row| row.iter().zip(wanted).map(|(m, x)| m * x).sum());
            let found = solve(matrix, right).expect("one solution");
            assert!(found.iter().zip(wanted).all(|(x, w)| (x - w).abs() < 1e-9), "{found:?}");
        }
    }

    #[test]
    fn what_is_left_open_has_no_solution() {
        assert_eq!(solve([[1.0, 2.0], [2.0, 4.0]], [3.0, 6.0]), None);
        assert_eq!(solve([[0.0; 3]; 3], [0.0; 3]), None);
    }
}
