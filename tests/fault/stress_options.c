/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "stress_options.h"

#include <inttypes.h>
#include <string.h>

static int
parse_number (const char *value, uint64_t maximum, uint64_t *number, struct vtpm_error **error)
{
  char *end;
  unsigned long long parsed;

  errno = 0;
  parsed = strtoull (value, &end, 10);
  if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 || parsed > maximum)
    return vtpm_error_set_plain (error, 0, "\"%s\" is no number from 0 to %" PRIu64, value,
                                 maximum);
  *number = parsed;
  return 0;
}

static int
set_device (void *target, const char *value, struct vtpm_error **error)
{
  (void) error;
  ((struct stress_options *) target)->device = value;
  return 0;
}

static int
set_plain (void *target, const char *value, struct vtpm_error **error)
{
  (void) value;
  (void) error;
  ((struct stress_options *) target)->way = TRANSPORT_PLAIN;
  return 0;
}

static int
set_seed (void *target, const char *value, struct vtpm_error **error)
{
  return parse_number (value, UINT64_MAX, &((struct stress_options *) target)->seed, error);
}

static int
set_steps (void *target, const char *value, struct vtpm_error **error)
{
  return parse_number (value, UINT64_MAX, &((struct stress_options *) target)->steps, error);
}

static int
set_verify_every (void *target, const char *value, struct vtpm_error **error)
{
  return parse_number (value, UINT64_MAX, &((struct stress_options *) target)->verify_every, error);
}

static int
set_activities (void *target, const char *value, struct vtpm_error **error)
{
  (void) error;
  ((struct stress_options *) target)->activities = value;
  return 0;
}

static int
set_ledger (void *target, const char *value, struct vtpm_error **error)
{
  (void) error;
  ((struct stress_options *) target)->ledger = value;
  return 0;
}

static int
set_progress (void *target, const char *value, struct vtpm_error **error)
{
  (void) error;
  ((struct stress_options *) target)->progress = value;
  return 0;
}

static int
set_client (void *target, const char *value, struct vtpm_error **error)
{
  struct stress_options *options = target;
  char end;

  if (sscanf (value, "%u/%u%c", &options->number, &options->clients, &end) != 2
      || options->clients > 16 || options->number >= options->clients)
    return vtpm_error_set_plain (error, 0, "\"%s\" is not N/COUNT with N from 0", value);
  return 0;
}

static int
set_errors_max (void *target, const char *value, struct vtpm_error **error)
{
  return parse_number (value, UINT64_MAX, &((struct stress_options *) target)->errors_max, error);
}

static const struct vtpm_option table[] = {
  { "device", "PATH", "the TPM (default /dev/tpm0); or a TCTI's name and configuration",
    set_device },
  { "plain", NULL, "open it without a TCTI, and block", set_plain },
  { "seed", "NUMBER", "of the order of commands (default 1)", set_seed },
  { "steps", "COUNT", "end after so many (default 0: at SIGTERM)", set_steps },
  { "verify-every", "COUNT", "steps between comparisons of everything (default 500)",
    set_verify_every },
  { "activities", "NAME,...", "only these (--help lists them)", set_activities },
  { "ledger", "FILE", "record acknowledged non-volatile changes; hold the TPM to those there",
    set_ledger },
  { "progress", "FILE", "when all has begun: make it, and count answers there", set_progress },
  { "client", "N/COUNT", "this is one of COUNT that use the TPM (default 0/1)", set_client },
  { "errors-max", "COUNT", "go on after so many errors and mismatches (default 0)",
    set_errors_max },
  { "help", NULL, "print this text", vtpm_options_set_help },
};

#define TABLE_SIZE (sizeof (table) / sizeof (table[0]))

int
stress_options_parse (int argc, char **argv, struct stress_options *options,
                      struct vtpm_error **error)
{
  int first;

  *options = (struct stress_options){
    .device = "/dev/tpm0",
    .seed = 1,
    .verify_every = 500,
    .clients = 1,
  };
  if (vtpm_options_parse (argc, argv, table, TABLE_SIZE, options, &first, error) < 0)
    return -1;
  if (options->action == VTPM_PROGRAM_RUN && first < argc)
    return vtpm_options_unexpected (argv[first], error);
  return 0;
}

void
stress_options_print_help (FILE *stream)
{
  fputs ("usage: stress [OPTION]...\n"
         "\n"
         "Uses a TPM in every way at once, keeps account of what it was acknowledged, and\n"
         "compares. Exits with 1 if a command failed or anything is not as acknowledged.\n"
         "\n",
         stream);
  vtpm_options_print (stream, table, TABLE_SIZE);
}
