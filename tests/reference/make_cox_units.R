# What R's survival package says of clusters, and of the ages by which a share of units has failed: writes tests/reference/cox_units.json.
#
#     Rscript tests/reference/make_cox_units.R        from the root of the project; needs survival and jsonlite
#
# Data as in make_cox.R. Clusters: litters of rats; of the patients of lung each ten in a row. Quantiles: of the first two rows of each data
# set, with limits where those of survival cross on the scale log(-log S); NA (null) where the data end before.
suppressMessages({library(survival); library(jsonlite)})
read <- function(name) read.csv(file.path("tests/reference/cox", paste0(name, ".csv")), stringsAsFactors = TRUE)
control <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)

lung <- read("lung"); lung <- lung[complete.cases(lung[, c("age", "sex", "ph.ecog")]), ]
lung$ten <- (seq_len(nrow(lung)) - 1) %/% 10
lung$share <- 0.25 + (seq_len(nrow(lung)) %% 4) / 3
lung$late <- ifelse(seq_len(nrow(lung)) %% 3 == 0, 0, 0.9 * lung$lower)
rats <- read("rats")

out <- list()
for (ties in c("efron", "breslow")) {
  fit <- function(formula, data, ...) do.call(coxph, list(formula, data = data, ties = ties, control = control, x = TRUE, model = TRUE, ...))
  clustered <- function(name, f) out[[paste(name, ties, sep = ":")]] <<- list(coef = unname(coef(f)), vcov = unname(vcov(f)))
  clustered("rats_litters", fit(Surv(lower, is.finite(upper)) ~ rx + sex, rats, cluster = rats$litter))
  clustered("lung_tens", fit(Surv(lower, is.finite(upper)) ~ age + sex + ph.ecog, lung, cluster = lung$ten))
  if (ties == "breslow") {
    clustered("lung_tens_shares", fit(Surv(lower, is.finite(upper)) ~ age + sex + ph.ecog, lung, cluster = lung$ten, weights = lung$share))
  }
  quantiles <- function(name, f, data) {
    p <- c(0.1, 0.25, 0.5)
    out[[paste(name, ties, sep = ":")]] <<- list(p = p, units = lapply(1:2, function(i) {
      found <- quantile(survfit(f, newdata = data[i, ], conf.type = "log-log"), probs = p)
      list(estimate = unname(found$quantile), lower = unname(found$lower), upper = unname(found$upper))
    }))
  }
  quantiles("lung", fit(Surv(lower, is.finite(upper)) ~ age + sex + ph.ecog, lung), lung)
  quantiles("lung_late", fit(Surv(late, lower, is.finite(upper)) ~ age + sex + ph.ecog, lung), lung)
}
out$versions <- list(R = R.version.string, survival = as.character(packageVersion("survival")))
write(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = FALSE), "tests/reference/cox_units.json")
