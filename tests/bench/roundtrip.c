/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * roundtrip [--blocks B] [--count N] [--nv] LABEL=DEVICE...
 *
 * Measures TPM 2.0 commands on device nodes, from write(2) of the command until
 * read(2) has its response.  Each device gets B blocks of N commands of each
 * kind; the devices take turns by block, in one order and then in the other, so
 * that a drift of the machine meets them all alike.  For each kind and device
 * it prints "roundtrip/KIND/LABEL/median<TAB>MICROSECONDS" and the same with
 * p99.  With --nv the kind is NV_Write only, which makes an NV index.
 */
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "bench_clock.h"
#include "bench_commands.h"
#include "error.h"
#include "options.h"
#include "tpm_header.h"

#define DEVICES_MAX 8

struct settings
{
  enum vtpm_program_action action; /* first, for vtpm_options_set_help */
  unsigned int blocks;
  unsigned int count;
  bool nv;
};

struct device
{
  const char *path;
  const char *label; /* not terminated */
  int label_length;
  int fd;
};

static int
set_number (unsigned int *number, const char *value, struct vtpm_error **error)
{
  char *end;
  unsigned long parsed = strtoul (value, &end, 10);

  if (*end != '\0' || parsed == 0 || parsed > 1000000)
    return vtpm_error_set (error, 0, "\"%s\" is no number from 1 to 1000000", value);
  *number = (unsigned int) parsed;
  return 0;
}

static int
set_blocks (void *target, const char *value, struct vtpm_error **error)
{
  return set_number (&((struct settings *) target)->blocks, value, error);
}

static int
set_count (void *target, const char *value, struct vtpm_error **error)
{
  return set_number (&((struct settings *) target)->count, value, error);
}

static int
set_nv (void *target, const char *value, struct vtpm_error **error)
{
  (void) value;
  (void) error;
  ((struct settings *) target)->nv = true;
  return 0;
}

static const struct vtpm_option options[] = {
  { "blocks", "B", "blocks of each command on each device (default 10)", set_blocks },
  { "count", "N", "commands in a block (default 100)", set_count },
  { "nv", NULL, "measure NV_Write", set_nv },
  { "help", NULL, "print this text", vtpm_options_set_help },
};

#define OPTION_COUNT (sizeof (options) / sizeof (options[0]))

static int
open_device (const char *argument, struct device *device, struct vtpm_error **error)
{
  const char *equals = strchr (argument, '=');

  if (equals == NULL || equals - argument > 64)
    return vtpm_error_set (error, 0, "\"%s\" is not LABEL=DEVICE", argument);
  *device = (struct device){
    .path = equals + 1,
    .label = argument,
    .label_length = (int) (equals - argument),
    .fd = open (equals + 1, O_RDWR | O_CLOEXEC),
  };
  if (device->fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s", device->path);
  return 0;
}

static uint32_t
elapsed_ns (long long start)
{
  long long elapsed = bench_now_ns () - start;

  return elapsed > UINT32_MAX ? UINT32_MAX : (uint32_t) elapsed;
}

static int
execute (const struct device *device, const struct bench_command *command, uint32_t *sample,
         struct vtpm_error **error)
{
  uint8_t bytes[VTPM_TPM_MESSAGE_MAX], response[VTPM_TPM_MESSAGE_MAX];
  struct vtpm_tpm_header header;
  long long start;
  ssize_t size;

  bench_command_copy (command, bytes);
  start = bench_now_ns ();
  if (write (device->fd, bytes, command->size) != (ssize_t) command->size)
    return vtpm_error_set (error, errno, "%s: cannot write %s", device->path, command->name);
  size = read (device->fd, response, sizeof (response));
  *sample = elapsed_ns (start);
  if (size < 0)
    return vtpm_error_set (error, errno, "%s: no response to %s", device->path, command->name);
  if (!vtpm_tpm_header_read (response, (size_t) size, &header) || header.code != 0)
    return vtpm_error_set (error, EIO, "%s: %s was not answered with success", device->path,
                           command->name);
  return 0;
}

static int
compare (const void *one, const void *other)
{
  uint32_t a = *(const uint32_t *) one;
  uint32_t b = *(const uint32_t *) other;

  return (a > b) - (a < b);
}

static void
report (const struct device *device, const struct bench_command *command, uint32_t *samples, size_t count)
{
  qsort (samples, count, sizeof (*samples), compare);
  printf ("roundtrip/%s/%.*s/median\t%.1f\n", command->name, device->label_length, device->label,
          samples[count / 2] / 1000.0);
  printf ("roundtrip/%s/%.*s/p99\t%.1f\n", command->name, device->label_length, device->label,
          samples[count - 1 - count / 100] / 1000.0);
}

/* SAMPLES has room for those of all devices, one device after the other.  */
static int
measure (const struct settings *settings, const struct device *devices, size_t device_count,
         const struct bench_command *command, uint32_t *samples, struct vtpm_error **error)
{
  size_t per_device = (size_t) settings->blocks * settings->count;

  for (unsigned int block = 0; block < settings->blocks; block++)
    for (size_t turn = 0; turn < device_count; turn++)
      {
        size_t i = block % 2 == 0 ? turn : device_count - 1 - turn;
        uint32_t *block_samples = samples + i * per_device + (size_t) block * settings->count;

        for (unsigned int n = 0; n < settings->count; n++)
          if (execute (&devices[i], command, &block_samples[n], error) < 0)
            return -1;
      }
  for (size_t i = 0; i < device_count; i++)
    report (&devices[i], command, samples + i * per_device, per_device);
  return 0;
}

static int
run (const struct settings *settings, char **arguments, size_t count, struct vtpm_error **error)
{
  struct device devices[DEVICES_MAX];
  _cleanup_free_ uint32_t *samples = NULL;

  if (count == 0 || count > DEVICES_MAX)
    return vtpm_error_set (error, 0, "%zu devices, not 1 to %d; see --help", count, DEVICES_MAX);
  samples = calloc (count * settings->blocks, settings->count * sizeof (*samples));
  if (samples == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot keep the samples");
  for (size_t i = 0; i < count; i++)
    if (open_device (arguments[i], &devices[i], error) < 0
        || (settings->nv && execute (&devices[i], &bench_nv_define, &samples[0], error) < 0))
      return -1;
  if (settings->nv)
    return measure (settings, devices, count, &bench_nv_write, samples, error);
  for (size_t i = 0; i < BENCH_COMMANDS; i++)
    if (measure (settings, devices, count, &bench_commands[i], samples, error) < 0)
      return -1;
  return 0;
}

int
main (int argc, char **argv)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct settings settings = { .blocks = 10, .count = 100 };
  int first;

  if (vtpm_options_parse (argc, argv, options, OPTION_COUNT, &settings, &first, &error) == 0
      && settings.action == VTPM_PROGRAM_SHOW_HELP)
    {
      puts ("usage: roundtrip [OPTION]... LABEL=DEVICE...\n");
      vtpm_options_print (stdout, options, OPTION_COUNT);
      return 0;
    }
  if (error != NULL || run (&settings, argv + first, (size_t) (argc - first), &error) < 0)
    {
      fprintf (stderr, "roundtrip: %s\n", vtpm_error_message (error));
      return 1;
    }
  return 0;
}
