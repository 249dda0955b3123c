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
#include <time.h>

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

/* One string a field.  */
/* clang-format off */
#define COMMAND(name, bytes) { name, sizeof (bytes) - 1, bytes }

/* Tag, size and code, then the parameters.  PCR_Extend: of PCR 16, the one for
   debugging, with an empty password and one SHA-256 digest.  */
static const struct command
{
  const char *name;
  size_t size;
  const char *bytes;
} commands[] = {
  COMMAND ("GetRandom", "\x80\x01" "\0\0\0\x0c" "\0\0\x01\x7b" "\0\x20"),
  COMMAND ("PCR_Read", "\x80\x01" "\0\0\0\x14" "\0\0\x01\x7e" "\0\0\0\x01" "\0\x0b" "\x03\x01\0\0"),
  COMMAND ("PCR_Extend", "\x80\x02" "\0\0\0\x41" "\0\0\x01\x82" "\0\0\0\x10"
           "\0\0\0\x09" "\x40\0\0\x09" "\0\0" "\0" "\0\0"
           "\0\0\0\x01" "\0\x0b" "0123456789abcdef0123456789abcdef"),
};
/* clang-format on */

#define COMMAND_COUNT (sizeof (commands) / sizeof (commands[0]))

/* Of the owner's: eight bytes, ordinary.  */
/* clang-format off */
#define NV_INDEX "\x01\x50\0\x20"
#define OWNER "\x40\0\0\x01"
#define PASSWORD "\0\0\0\x09" "\x40\0\0\x09" "\0\0" "\0" "\0\0"

static const struct command nv_define
    = COMMAND ("NV_DefineSpace", "\x80\x02" "\0\0\0\x2d" "\0\0\x01\x2a" OWNER PASSWORD
               "\0\0" "\0\x0e" NV_INDEX "\0\x0b" "\0\x02\0\x02" "\0\0" "\0\x08");
static const struct command nv_write
    = COMMAND ("NV_Write", "\x80\x02" "\0\0\0\x2b" "\0\0\x01\x37" OWNER NV_INDEX PASSWORD
               "\0\x08" "01234567" "\0\0");
/* clang-format on */

#define NV_DATA_OFFSET 33

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
elapsed_ns (const struct timespec *start)
{
  struct timespec end;
  long long elapsed;

  clock_gettime (CLOCK_MONOTONIC, &end);
  elapsed = (end.tv_sec - start->tv_sec) * 1000000000LL + end.tv_nsec - start->tv_nsec;
  return elapsed > UINT32_MAX ? UINT32_MAX : (uint32_t) elapsed;
}

/* What is written again as it was changes nothing, and need not be kept.  */
static void
make_new (const struct command *command, uint8_t *bytes)
{
  static uint64_t count;

  memcpy (bytes, command->bytes, command->size);
  count++;
  if (command == &nv_write)
    memcpy (bytes + NV_DATA_OFFSET, &count, sizeof (count));
}

static int
execute (const struct device *device, const struct command *command, uint32_t *sample,
         struct vtpm_error **error)
{
  uint8_t bytes[VTPM_TPM_MESSAGE_MAX], response[VTPM_TPM_MESSAGE_MAX];
  struct vtpm_tpm_header header;
  struct timespec start;
  ssize_t size;

  make_new (command, bytes);
  clock_gettime (CLOCK_MONOTONIC, &start);
  if (write (device->fd, bytes, command->size) != (ssize_t) command->size)
    return vtpm_error_set (error, errno, "%s: cannot write %s", device->path, command->name);
  size = read (device->fd, response, sizeof (response));
  *sample = elapsed_ns (&start);
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
report (const struct device *device, const struct command *command, uint32_t *samples, size_t count)
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
         const struct command *command, uint32_t *samples, struct vtpm_error **error)
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
        || (settings->nv && execute (&devices[i], &nv_define, &samples[0], error) < 0))
      return -1;
  if (settings->nv)
    return measure (settings, devices, count, &nv_write, samples, error);
  for (size_t i = 0; i < COMMAND_COUNT; i++)
    if (measure (settings, devices, count, &commands[i], samples, error) < 0)
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
