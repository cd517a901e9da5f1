# The same observations through MatchIt, lme4 and clubSandwich. Rscript reference.R IN.csv OUT.json
library(MatchIt); library(lme4); library(clubSandwich); library(jsonlite)
arguments <- commandArgs(trailingOnly = TRUE)
d <- read.csv(arguments[1], stringsAsFactors = FALSE)
score <- glm(treated ~ age + prior_chats + tenure_days + active_days + pre, data = d, family = binomial)$linear.predictors
# Largest first, and the distances as a matrix: with a vector, MatchIt 4.5.1 from Debian pairs people beyond
# the caliper (its news of a later version: "calipers would not work properly on some systems").
names(score) <- rownames(d)
order <- order(-score)
sorted <- d[order, ]
t <- sorted$treated == 1
gaps <- abs(outer(score[order][t], score[order][!t], "-"))
m <- matchit(treated ~ 1, data = sorted, method = "nearest", distance = gaps, m.order = "data",
             caliper = 0.2 * sd(score), std.caliper = FALSE)
pairs <- na.omit(data.frame(t = as.integer(rownames(m$match.matrix)), c = as.integer(m$match.matrix[, 1])))
# Pairs in the order of choosing, so that rows stand as ours do.
pairs <- pairs[order(-score[pairs$t]), ]
k <- d[c(pairs$t, pairs$c), ]
k$prec <- k$pre - mean(k$pre)
k$prior <- log1p(k$prior_chats) - mean(log1p(k$prior_chats))
fit <- lmer(post ~ treated + prec + treated:prec + prior + (1 | seeker_id), data = k, REML = TRUE)
robust <- vcovCR(fit, cluster = k$seeker_id, type = "CR1")
tested <- coef_test(fit, vcov = "CR1", cluster = k$seeker_id, test = "Satterthwaite")
mended <- sqrt(diag(as.matrix(vcovCR(fit, cluster = k$seeker_id, type = "CR2"))))
b <- fixef(fit)[c("(Intercept)", "treated", "prec", "treated:prec", "prior")]
s <- sqrt(diag(as.matrix(robust)))[names(b)]
write_json(list(pairs = pairs, beta = unname(b), se = unname(s),
                df = tested[names(b), "df_Satt"], cr2 = unname(mended[names(b)]), theta = unname(getME(fit, "theta")),
                sigma = sigma(fit), distance = unname(score)), arguments[2], digits = 12)
