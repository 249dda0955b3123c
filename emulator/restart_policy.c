/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "restart_policy.h"

#define MINUTE 60000
#define DELAY_FIRST 10u
#define DELAY_MAX 1000u

/* An emulator that lived for so long was well, whether or not it had work.  */
#define WELL 10000

void
vtpm_restart_policy_init (struct vtpm_restart_policy *policy, unsigned int per_minute, int64_t now)
{
  *policy = (struct vtpm_restart_policy) {
    .per_minute = per_minute,
    .credit = (int64_t) per_minute * MINUTE,
    .last_death = now,
  };
}

static void
earn_credit (struct vtpm_restart_policy *policy, int64_t now)
{
  int64_t full = (int64_t) policy->per_minute * MINUTE;
  int64_t passed = now - policy->last_death;

  if (passed >= MINUTE)
    policy->credit = full;
  else
    policy->credit += passed * policy->per_minute;
  if (policy->credit > full)
    policy->credit = full;
}

static void
blame (struct vtpm_restart_policy *policy, const struct vtpm_death *death)
{
  if (death->number != policy->suspect)
    {
      policy->suspect = death->number;
      policy->from_within = 0;
      policy->by_others = 0;
    }
  if (death->from_within)
    policy->from_within++;
  else
    policy->by_others++;
}

static unsigned int
take_delay (struct vtpm_restart_policy *policy, const struct vtpm_death *death)
{
  unsigned int delay = policy->delay;

  if (death->sent != policy->last_sent || death->now - policy->last_death >= WELL)
    delay = 0;
  policy->delay = delay == 0 ? DELAY_FIRST : delay * 2 < DELAY_MAX ? delay * 2 : DELAY_MAX;
  return delay;
}

struct vtpm_restart_plan
vtpm_restart_policy_plan (struct vtpm_restart_policy *policy, const struct vtpm_death *death)
{
  struct vtpm_restart_plan plan = { 0 };

  earn_credit (policy, death->now);
  blame (policy, death);
  if (policy->suspect != 0
      && (policy->from_within >= VTPM_DEATHS_FROM_WITHIN_MAX
          || policy->by_others >= VTPM_DEATHS_BY_OTHERS_MAX))
    plan.refuse = policy->suspect;
  plan.give_up = policy->credit < MINUTE;
  if (!plan.give_up)
    policy->credit -= MINUTE;
  plan.delay = take_delay (policy, death);
  policy->last_death = death->now;
  policy->last_sent = death->sent;
  return plan;
}
