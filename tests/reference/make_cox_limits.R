# What R's survival package says of the limits of Cox regressions' survival: writes tests/reference/cox_limits.json.
#
#     Rscript tests/reference/make_cox_limits.R        from the root of the project; needs survival and jsonlite
#
# Data as in make_cox.R. For units at the first two rows of each data set: cumulative hazard, its standard error, and limits of survival
# on the scale log(-log S), at some ages.
suppressMessages({library(survival); library(jsonlite)})
read <- function(name) read.csv(file.path("tests/reference/cox", paste0(name, ".csv")), stringsAsFactors = TRUE)
control <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)

limits <- function(fit, units, ages) {
  each <- lapply(seq_len(nrow(units)), function(i) {
    curve <- summary(survfit(fit, newdata = units[i, ], conf.type = "log-log"), times = ages)
    list(hazard = curve$cumhaz, error = curve$std.chaz, lower = curve$lower, upper = curve$upper)
  })
  list(age = ages, units = each)
}

lung <- read("lung"); lung <- lung[complete.cases(lung[, c("age", "sex", "ph.ecog")]), ]
row <- seq_len(nrow(lung))
lung$share <- 0.25 + (row %% 4) / 3
lung$entry <- ifelse(row %% 2 == 0, lung$lower / 3, 0)
lung$late <- ifelse(row %% 3 == 0, 0, 0.9 * lung$lower)
rats <- read("rats"); heart <- read("tv_heart")

out <- list()
for (ties in c("efron", "breslow")) {
  add <- function(name, data, ages, formula, ...) {
    fit <- do.call(coxph, list(formula, data = data, ties = ties, control = control, x = TRUE, model = TRUE, ...))
    out[[paste(name, ties, sep = ":")]] <<- limits(fit, data[1:2, ], ages)
  }
  add("lung", lung, c(50, 200, 500), Surv(lower, is.finite(upper)) ~ age + sex + ph.ecog)
  add("rats", rats, c(60, 90, 104), Surv(lower, is.finite(upper)) ~ rx + sex)
  add("heart", heart, c(20, 100, 600), Surv(start, stop, event) ~ age + year + surgery + transplant)
  add("heart_strata", heart, c(20, 100, 600), Surv(start, stop, event) ~ age + year + transplant + strata(surgery))
  add("lung_late", lung, c(50, 200, 500), Surv(late, lower, is.finite(upper)) ~ age + sex + ph.ecog)
  add("lung_late_strata", lung, c(50, 200, 500), Surv(entry, lower, is.finite(upper)) ~ age + ph.ecog + strata(sex))
  if (ties == "breslow") add("lung_shares", lung, c(50, 200, 500), Surv(lower, is.finite(upper)) ~ age + sex + ph.ecog, weights = lung$share,
                             robust = FALSE)
}
out$versions <- list(R = R.version.string, survival = as.character(packageVersion("survival")))
write(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = FALSE), "tests/reference/cox_limits.json")
