/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "killer_options.h"

#include <string.h>

#include "fault_points.h"

static int
parse_number (const char *value, uint64_t *number, struct vtpm_error **error)
{
  char *end;

  errno = 0;
  *number = strtoull (value, &end, 10);
  if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0)
    return vtpm_error_set_plain (error, 0, "\"%s\" is no number", value);
  return 0;
}

static int
set_supervisor (void *target, const char *value, struct vtpm_error **error)
{
  (void) value;
  (void) error;
  ((struct killer_options *) target)->supervisor = true;
  return 0;
}

static int
set_times (void *target, const char *value, struct vtpm_error **error)
{
  (void) value;
  (void) error;
  ((struct killer_options *) target)->times = true;
  return 0;
}

static int
set_point (void *target, const char *value, struct vtpm_error **error)
{
  if (strlen (value) >= VTPM_FAULT_FILE_SIZE)
    return vtpm_error_set_plain (error, 0, "\"%s\" is too long", value);
  ((struct killer_options *) target)->point = value;
  return 0;
}

static int
set_count (void *target, const char *value, struct vtpm_error **error)
{
  return parse_number (value, &((struct killer_options *) target)->count, error);
}

static int
set_seed (void *target, const char *value, struct vtpm_error **error)
{
  return parse_number (value, &((struct killer_options *) target)->seed, error);
}

static int
set_pause (void *target, const char *value, struct vtpm_error **error)
{
  return parse_number (value, &((struct killer_options *) target)->pause_us, error);
}

static const struct vtpm_option table[] = {
  { "count", "COUNT", "kills (default 1)", set_count },
  { "seed", "NUMBER", "of the times (default 1)", set_seed },
  { "pause", "MICROSECONDS", "the longest time between kills (default 30000)", set_pause },
  { "times", NULL, "print for each kill how long it was until the next answer", set_times },
  { "supervisor", NULL, "kill the supervisor, once", set_supervisor },
  { "point", "POINT", "wait for a death at this fault point, after one kill or (0) none",
    set_point },
  { "help", NULL, "print this text", vtpm_options_set_help },
};

#define TABLE_SIZE (sizeof (table) / sizeof (table[0]))

int
killer_options_parse (int argc, char **argv, struct killer_options *options,
                      struct vtpm_error **error)
{
  int first;

  *options = (struct killer_options){ .count = 1, .seed = 1, .pause_us = 30000 };
  if (vtpm_options_parse (argc, argv, table, TABLE_SIZE, options, &first, error) < 0)
    return -1;
  if (options->action != VTPM_PROGRAM_RUN)
    return 0;
  if (argc - first != 2)
    return vtpm_error_set_plain (error, 0, "CONTAINER and PROGRESS are expected; see --help");
  options->container = argv[first];
  options->progress = argv[first + 1];
  return 0;
}

void
killer_options_print_help (FILE *stream)
{
  fputs ("usage: killer [OPTION]... CONTAINER PROGRESS\n"
         "\n"
         "Kills the emulator of a container's vTPM while a client uses it; PROGRESS is the\n"
         "client's file (stress --progress).\n"
         "\n",
         stream);
  vtpm_options_print (stream, table, TABLE_SIZE);
}
