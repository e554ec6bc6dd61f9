# What R's survival package says of Cox regressions: writes tests/reference/cox.json.
#
#     Rscript tests/reference/make_cox.R        from the root of the project; needs survival and jsonlite
#
# Data: tests/reference/cox/*.csv (lung, ovarian, rats, tv_heart (heart), capacitor as in R's survival; tires as in the Python package surpyval),
# and the shipped hard drives. A row with upper = Inf still runs. Every fit runs to the rounding floor (eps = 1e-14).
suppressMessages({library(survival); library(jsonlite)})
read <- function(name) read.csv(file.path("tests/reference/cox", paste0(name, ".csv")), stringsAsFactors = TRUE)
control <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)
failed <- function(d) is.finite(d$upper)

values <- function(fit) {
  list(formula = paste(deparse(fit$formula), collapse = ""), coef = as.list(coef(fit)), vcov = unname(vcov(fit)), loglik = fit$loglik,
       score = fit$score, wald = unname(fit$wald.test), concordance = unname(fit$concordance["concordance"]))
}
tests <- function(fit) {
  out <- lapply(c("km", "rank", "identity", "log"), function(g) unname(cox.zph(fit, transform = g, terms = FALSE)$table))
  setNames(out, c("km", "rank", "identity", "log"))
}
residuals_of <- function(fit) {
  kinds <- c("martingale", "deviance", "score", "dfbeta", "schoenfeld")
  out <- setNames(lapply(kinds, function(kind) unname(as.matrix(residuals(fit, type = kind)))), kinds)
  c(out, list(scaled_schoenfeld = unname(as.matrix(cox.zph(fit, terms = FALSE)$y))))
}
baseline <- function(fit, d) {
  h <- basehaz(fit, centered = FALSE)
  as.list(h)
}

lung <- read("lung"); lung <- lung[complete.cases(lung[, c("age", "sex", "ph.ecog")]), ]
ovarian <- read("ovarian"); rats <- read("rats"); heart <- read("tv_heart"); capacitor <- read("capacitor"); tires <- read("tires")
drives <- read.csv(gzfile("datasets/hard_drives.csv.gz"), stringsAsFactors = TRUE)
capacitor$voltage <- capacitor$voltage / 100
lung$count <- 1 + (seq_len(nrow(lung)) %% 3)
lung$share <- 0.25 + (seq_len(nrow(lung)) %% 4) / 3
lung$entry <- ifelse(seq_len(nrow(lung)) %% 2 == 0, lung$lower / 3, 0)
lung$late <- ifelse(seq_len(nrow(lung)) %% 3 == 0, 0, 0.9 * lung$lower)

out <- list()
for (ties in c("efron", "breslow")) {
  add <- function(name, fit, ...) out[[paste(name, ties, sep = ":")]] <<- c(values(fit), list(...))
  fit <- function(formula, data, ...) do.call(coxph, list(formula, data = data, ties = ties, control = control, x = TRUE, model = TRUE, ...))

  f <- fit(Surv(lower, is.finite(upper)) ~ age + sex + ph.ecog, lung)
  add("lung", f, zph = tests(f), baseline = baseline(f))
  f <- fit(Surv(lower, is.finite(upper)) ~ age + rx + ecog.ps, ovarian)
  add("ovarian", f, zph = tests(f), baseline = baseline(f), residuals = residuals_of(f))
  add("ovarian_robust", fit(Surv(lower, is.finite(upper)) ~ age + rx + ecog.ps, ovarian, robust = TRUE))
  f <- fit(Surv(lower, is.finite(upper)) ~ rx + sex, rats)
  add("rats", f, zph = tests(f), baseline = baseline(f))
  f <- fit(Surv(start, stop, event) ~ age + year + surgery + transplant, heart)
  add("heart", f, zph = tests(f), baseline = baseline(f), residuals = residuals_of(f))
  add("heart_robust", fit(Surv(start, stop, event) ~ age + year + surgery + transplant, heart, cluster = heart$id))
  f <- fit(Surv(start, stop, event) ~ age + year + transplant + strata(surgery), heart)
  add("heart_strata", f, zph = tests(f), baseline = baseline(f), residuals = residuals_of(f))
  f <- fit(Surv(entry, lower, is.finite(upper)) ~ age + ph.ecog + strata(sex), lung)
  add("lung_late_strata", f, zph = tests(f), baseline = baseline(f))
  f <- fit(Surv(late, lower, is.finite(upper)) ~ age + sex + ph.ecog, lung)
  add("lung_late", f, zph = tests(f), baseline = baseline(f))
  add("lung_repeated", fit(Surv(lower, is.finite(upper)) ~ age + sex + ph.ecog, lung[rep(seq_len(nrow(lung)), lung$count), ]))
  add("capacitor", fit(Surv(lower, is.finite(upper)) ~ voltage + temperature, capacitor))
  add("tires", fit(Surv(lower, is.finite(upper)) ~ wedge + interbelt + peel, tires))
  f <- fit(Surv(duration, event) ~ temperature + reallocated_sectors + read_errors + pending_sectors + strata(brand), drives)
  add("drives", f, zph = tests(f))

  # a ridge on covariates in standard deviations (of all rows, divisor n), theta = 0.1 a unit
  scaled <- as.data.frame(lapply(lung[, c("age", "sex", "ph.ecog")], function(x) (x - mean(x)) / sqrt(mean((x - mean(x))^2))))
  scaled$lower <- lung$lower; scaled$upper <- lung$upper; scaled$theta <- 0.1 * nrow(lung)
  f <- coxph(Surv(lower, is.finite(upper)) ~ ridge(age, sex, ph.ecog, theta = 0.1 * nrow(lung), scale = FALSE), data = scaled, ties = ties,
             control = coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100, outer.max = 50))
  out[[paste("lung_ridge", ties, sep = ":")]] <- list(coef = unname(coef(f)), vcov = unname(f$var), loglik = f$loglik)
}
# with Breslow's rule a weight of three is three rows in R as well
f <- coxph(Surv(lower, is.finite(upper)) ~ age + sex + ph.ecog, lung, weights = share, ties = "breslow", control = control, robust = FALSE)
out[["lung_shares:breslow"]] <- c(values(f), list(baseline = as.list(basehaz(f, centered = FALSE))))
f <- coxph(Surv(lower, is.finite(upper)) ~ age + sex + ph.ecog, lung, weights = share, ties = "breslow", control = control, robust = TRUE)
out[["lung_shares_robust:breslow"]] <- values(f)

out$versions <- list(R = R.version.string, survival = as.character(packageVersion("survival")))
write(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = FALSE), "tests/reference/cox.json")
