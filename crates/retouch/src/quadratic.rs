//! Quadratic surfaces fitted to weighted samples.

use crate::linear::solve;

/// Number of terms of a surface.
pub const TERMS: usize = 6;

/// The factors of the terms of a surface, or the terms at a place.
pub type Terms = [f64; TERMS];

/// The terms at a place: constant, slopes, bends. Places about -1 to 1 keep the fit well conditioned.
pub fn terms(u: f64, v: f64) -> Terms {
    [1.0, u, v, u * u, u * v, v * v]
}

/// The value of a surface where its terms are these.
pub fn value(surface: &Terms, terms: &Terms) -> f64 {
    surface.iter().zip(terms).map(|(a, t)| a * t).sum()
}

/// The surface nearest to samples (terms, value, weight) by weighted least squares, each factor held back by its `ridge`
/// times the total weight; `None` when the samples leave it open.
pub fn fit(samples: impl Iterator<Item = (Terms, f64, f64)>, ridge: &Terms) -> Option<Terms> {
    let (mut normal, mut right) = ([[0.0f64; TERMS]; TERMS], [0.0f64; TERMS]);
    let mut total = 0.0;
    for (terms, value, weight) in samples {
        for i in 0..TERMS {
            for j in 0..TERMS {
                normal[i][j] += weight * terms[i] * terms[j];
            }
            right[i] += weight * terms[i] * value;
        }
        total += weight;
    }
    for (i, ridge) in ridge.iter().enumerate() {
        normal[i][i] += total * ridge;
    }
    solve(normal, right)
}
