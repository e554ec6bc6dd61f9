# What R's survival package says of gamma frailty on the shipped rats by litter: writes datasets/rats.csv (when asked) and
# tests/reference/frailty.json.
#
#     Rscript tests/reference/make_frailty.R        from the root of the project; needs survival and jsonlite
#
# coxph's gamma frailty maximises, over theta and the coefficients, the likelihood of a hazard of any shape with the frailties averaged out
# (Therneau, Grambsch & Pankratz 2003, section 5). Its own search over theta stops at 1e-5; here the profile (c.loglik) is maximised by
# optimize() to its rounding floor, each fit within run to 1e-14. Ties as Breslow has them: then the likelihood is that of a hazard that is
# constant between failure ages. "quarters": ages rounded up to multiples of 13 weeks, so that few distinct ones are left.
suppressMessages({library(survival); library(jsonlite)})
control <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 200, outer.max = 200)
data <- rats
data$male <- as.numeric(data$sex == "m")
if ("--data" %in% commandArgs(TRUE))
  write.csv(data.frame(duration = data$time, event = data$status, litter = data$litter, treated = data$rx, sex = data$sex),
            "datasets/rats.csv", row.names = FALSE, quote = FALSE)
quarters <- data
quarters$time <- 13 * ceiling(data$time / 13)

profile <- function(theta, d) {
  formula <- as.formula(sprintf('Surv(time, status) ~ rx + male + frailty(litter, distribution = "gamma", theta = %.17g)', theta))
  fit <- coxph(formula, d, ties = "breslow", control = control)
  list(loglik = fit$history[[1]]$c.loglik, fit = fit)
}
reference <- function(d) {
  best <- optimize(function(log_theta) profile(exp(log_theta), d)$loglik, c(-3, 2), maximum = TRUE, tol = 1e-12)
  theta <- exp(best$maximum)
  without <- coxph(Surv(time, status) ~ rx + male, d, ties = "breslow", control = control)
  own <- coxph(Surv(time, status) ~ rx + male + frailty(litter, distribution = "gamma"), d, ties = "breslow")
  at_one <- profile(1.0, d)
  list(theta = theta, coef = as.list(coef(profile(theta, d)$fit)), rise = best$objective - without$loglik[2],
       without = as.list(coef(without)), log_frailties = unname(profile(theta, d)$fit$frail),
       at_theta_1 = list(coef = as.list(coef(at_one$fit)), rise = at_one$loglik - without$loglik[2]),
       own_search = list(theta = own$history[[1]]$theta, coef = as.list(coef(own))))
}
weibull <- survreg(Surv(time, status) ~ rx + male, data, dist = "weibull", control = survreg.control(rel.tolerance = 1e-12, maxiter = 100))
out <- list(weeks = reference(data), quarters = reference(quarters),
            weibull = list(shape = 1 / weibull$scale, intercept = unname(coef(weibull)[1]), loglik = weibull$loglik[2]),
            versions = list(R = R.version.string, survival = as.character(packageVersion("survival"))))
plain <- survreg(Surv(time, status) ~ 1, data, dist = "weibull", control = survreg.control(rel.tolerance = 1e-12, maxiter = 100))
cat(sprintf("Weibull shape %.10g, scale %.10g, log-likelihood %.12g\n", 1 / plain$scale, exp(coef(plain)[1]), plain$loglik[1]))
write(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE), "tests/reference/frailty.json")
