/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "driver_internal.h"

#include <string.h>

/* In order of preference.  */
static const struct vtpm_driver *const drivers[] = {
  &vtpm_driver_vtpmx,
#ifdef VTPM_HAVE_FUSE
  &vtpm_driver_cuse,
  &vtpm_driver_fuse,
#endif
};

#define DRIVER_COUNT (sizeof (drivers) / sizeof (drivers[0]))

_Static_assert (DRIVER_COUNT <= VTPM_DRIVERS_MAX, "a pair remembers all that were passed over");

static const struct vtpm_driver *
find (const char *name)
{
  for (size_t i = 0; i < DRIVER_COUNT; i++)
    if (strcmp (drivers[i]->name, name) == 0)
      return drivers[i];
  return NULL;
}

bool
vtpm_driver_exists (const char *name)
{
  return strcmp (name, "auto") == 0 || find (name) != NULL;
}

static void
clear_passed_over (struct vtpm_passed_over *passed_over, size_t count)
{
  for (size_t i = 0; i < count; i++)
    vtpm_cleanup_free (&passed_over[i].reason);
}

static int
explain_all (const struct vtpm_passed_over *passed_over, size_t count, struct vtpm_error **error)
{
  vtpm_error_set_plain (error, ENODEV, "%s: %s", passed_over[count - 1].driver,
                        passed_over[count - 1].reason);
  for (size_t i = count - 1; i-- > 0;)
    vtpm_error_wrap (error, "%s: %s", passed_over[i].driver, passed_over[i].reason);
  return vtpm_error_wrap (error, "no driver works on this host");
}

static int
create_first_that_works (const struct vtpm_pair_request *request, struct vtpm_pair **pair,
                         struct vtpm_error **error)
{
  struct vtpm_passed_over passed_over[VTPM_DRIVERS_MAX];
  size_t count = 0;

  for (; count < DRIVER_COUNT; count++)
    {
      _cleanup_error_ struct vtpm_error *reason = NULL;

      if (drivers[count]->create (request, pair, &reason) == 0)
        {
          memcpy ((*pair)->passed_over, passed_over, sizeof (passed_over[0]) * count);
          (*pair)->passed_over_count = count;
          return 0;
        }
      passed_over[count] = (struct vtpm_passed_over) {
        .driver = drivers[count]->name,
        .reason = strdup (vtpm_error_message (reason)),
      };
    }
  explain_all (passed_over, count, error);
  clear_passed_over (passed_over, count);
  return -1;
}

int
vtpm_pair_create (const char *name, const struct vtpm_pair_request *request,
                  struct vtpm_pair **pair, struct vtpm_error **error)
{
  const struct vtpm_driver *driver;

  if (strcmp (name, "auto") == 0)
    return create_first_that_works (request, pair, error);
  driver = find (name);
  if (driver == NULL)
    return vtpm_error_set_plain (error, EINVAL, "no driver \"%s\" in this build", name);
  return driver->create (request, pair, error);
}

void
vtpm_pair_close_server (struct vtpm_pair *pair)
{
  vtpm_cleanup_close (&pair->server_fd);
}

void
vtpm_pair_free (struct vtpm_pair *pair)
{
  if (pair == NULL)
    return;
  vtpm_pair_close_server (pair);
  clear_passed_over (pair->passed_over, pair->passed_over_count);
  pair->driver->destroy (pair);
}
