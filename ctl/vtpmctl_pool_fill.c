/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <stdio.h>
#include <string.h>

#include "pool_config.h"
#include "pool_work.h"
#include "manufacture_spec.h"
#include "vtpmctl.h"

#define BAR_WIDTH 30u

/* On a terminal a line that grows; elsewhere nothing until it is done.  */
static void
show_progress (const struct vtpm_pool_kind *kind, unsigned int made, unsigned int wanted)
{
  char eks[VTPM_SET_TEXT_SIZE], bar[BAR_WIDTH + 1];
  unsigned int full = wanted == 0 ? BAR_WIDTH : made * BAR_WIDTH / wanted;

  if (!isatty (STDOUT_FILENO))
    return;
  for (unsigned int i = 0; i < BAR_WIDTH; i++)
    bar[i] = i < full ? '#' : '-';
  bar[BAR_WIDTH] = '\0';
  printf ("\r%-24s [%s] %u/%u", vtpm_key_types_format (kind->eks, eks), bar, made, wanted);
  fflush (stdout);
}

static unsigned int
count_ready (const struct vtpm_pool_list *list, const struct vtpm_pool_kind *kind)
{
  unsigned int ready = 0;

  for (size_t i = 0; i < list->count; i++)
    ready += vtpm_pool_kind_equal (&list->entries[i].kind, kind);
  return ready;
}

static int
fill (const struct vtpm_pool_worker *worker, const struct vtpm_pool_wish *wish,
      struct vtpm_error **error)
{
  _cleanup_pool_list_ struct vtpm_pool_list list = { 0 };
  char eks[VTPM_SET_TEXT_SIZE], banks[VTPM_SET_TEXT_SIZE];
  unsigned int ready, made = 0, missing;
  int result = 0;

  if (vtpm_pool_list_read (worker->config->state_dir, &list, error) < 0)
    return -1;
  ready = count_ready (&list, &wish->kind);
  missing = ready < wish->count ? wish->count - ready : 0;
  for (; made < missing && result == 0; made += result == 0)
    {
      show_progress (&wish->kind, ready + made, wish->count);
      result = vtpm_pool_worker_add (worker, &wish->kind, error);
    }
  show_progress (&wish->kind, ready + made, wish->count);
  if (isatty (STDOUT_FILENO))
    putchar ('\n');
  else
    printf ("ek %s, pcr-banks %s: %u made, %u ready\n", vtpm_key_types_format (wish->kind.eks, eks),
            wish->kind.pcr_banks == 0 ? "all" : vtpm_pcr_banks_format (wish->kind.pcr_banks, banks),
            made, ready + made);
  return result;
}

/* What the command line asks for, if it does.  */
static int
get_wish (const struct vtpmctl_options *options, const struct vtpm_host_config *config,
          struct vtpm_pool_wish *wish, bool *given, struct vtpm_error **error)
{
  *given = options->eks != NULL || options->pcr_banks != NULL;
  *wish = (struct vtpm_pool_wish) { .kind.authority = config->authority, .count = options->count };
  if (!*given && options->count != 0)
    return vtpm_error_set_plain (error, EINVAL, "--count without --ek or --pcr-banks");
  if (*given && options->count == 0)
    return vtpm_error_set_plain (error, EINVAL, "--count is missing");
  if (options->eks != NULL && vtpm_key_types_parse (options->eks, &wish->kind.eks, error) < 0)
    return vtpm_error_wrap (error, "--ek");
  if (options->pcr_banks != NULL
      && vtpm_pcr_banks_parse (options->pcr_banks, &wish->kind.pcr_banks, error) < 0)
    return vtpm_error_wrap (error, "--pcr-banks");
  if (*given && wish->kind.eks == 0 && wish->kind.pcr_banks == 0)
    return vtpm_error_set_plain (error, EINVAL, "such a TPM needs no pool");
  return 0;
}

static int
fill_all (const struct vtpm_host_config *host, const struct vtpm_pool_wish *wishes, size_t count,
          struct vtpm_error **error)
{
  struct vtpm_pool_worker worker;
  unsigned int stale;
  bool eks = false;

  for (size_t i = 0; i < count; i++)
    eks |= wishes[i].kind.eks != 0;
  if (vtpm_pool_worker_open (host, eks, &worker, error) < 0
      || vtpm_pool_remove (host->state_dir, &host->authority, &stale, error) < 0)
    return -1;
  if (stale > 0)
    printf ("%u removed that were made under other settings (\"ca\")\n", stale);
  for (size_t i = 0; i < count; i++)
    if (fill (&worker, &wishes[i], error) < 0)
      return -1;
  return 0;
}

int
vtpmctl_pool_fill (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                   struct vtpm_error **error)
{
  _cleanup_pool_config_ struct vtpm_pool_config pool = { 0 };
  struct vtpm_host_config config;
  struct vtpm_pool_wish wish;
  bool given;

  if (vtpm_host_config_load (host->config_file, &config, error) < 0
      || get_wish (options, &config, &wish, &given, error) < 0
      || vtpm_pool_config_load (host->config_file, &config, &pool, error) < 0)
    return -1;
  if (given)
    return fill_all (&config, &wish, 1, error);
  if (pool.count == 0)
    return vtpm_error_set_plain (error, EINVAL,
                                 "%s has no \"pool\", and neither --ek nor --pcr-banks is given",
                                 host->config_file);
  return fill_all (&config, pool.wishes, pool.count, error);
}
