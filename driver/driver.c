/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "driver.h"

#include <string.h>

/* In order of preference.  */
static const struct vtpm_driver *const drivers[] = {
  &vtpm_driver_vtpmx,
};

#define DRIVER_COUNT (sizeof (drivers) / sizeof (drivers[0]))

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

static int
create_first_that_works (const struct vtpm_pair_request *request, struct vtpm_pair **pair,
                         struct vtpm_error **error)
{
  _cleanup_error_ struct vtpm_error *reasons = NULL;

  for (size_t i = 0; i < DRIVER_COUNT; i++)
    {
      _cleanup_error_ struct vtpm_error *reason = NULL;

      if (drivers[i]->create (request, pair, &reason) == 0)
        return 0;
      if (reasons == NULL)
        reasons = vtpm_steal_pointer (&reason);
      else
        vtpm_error_wrap (&reasons, "%s", vtpm_error_message (reason));
    }
  vtpm_error_pass (error, &reasons);
  return vtpm_error_wrap (error, "no driver works on this host");
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
  pair->driver->destroy (pair);
}
