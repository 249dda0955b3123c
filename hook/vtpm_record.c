/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "vtpm_record.h"

#include <time.h>

static void
add_text (json_object *object, const char *key, const char *text)
{
  json_object_object_add (object, key, json_object_new_string (text));
}

/* A file, which has no NUMBER (NULL), is one of the container's only.  */
static json_object *
describe_node (const char *name, const struct vtpm_device_number *number)
{
  json_object *node = json_object_new_object ();
  char path[32];

  snprintf (path, sizeof (path), "/dev/%s", name);
  add_text (node, "path", path);
  if (number == NULL)
    return node;
  json_object_object_add (node, "major", json_object_new_int64 (number->major));
  json_object_object_add (node, "minor", json_object_new_int64 (number->minor));
  return node;
}

static json_object *
describe_nodes (const struct vtpm_record_facts *facts)
{
  const struct vtpm_client_side *side = facts->side;
  json_object *devices = json_object_new_array ();

  json_object_array_add (devices, describe_node (facts->spec->device,
                                                 side->mount_fd < 0 ? &side->tpm : NULL));
  if (side->has_resource_manager)
    json_object_array_add (devices,
                           describe_node (facts->spec->resource_manager, &side->tpmrm));
  return devices;
}

static json_object *
describe_passed_over (const struct vtpm_pair *pair)
{
  json_object *drivers = json_object_new_array ();

  for (size_t i = 0; i < pair->passed_over_count; i++)
    {
      json_object *driver = json_object_new_object ();

      add_text (driver, "driver", pair->passed_over[i].driver);
      add_text (driver, "reason", pair->passed_over[i].reason);
      json_object_array_add (drivers, driver);
    }
  return drivers;
}

json_object *
vtpm_record_describe (const struct vtpm_record_facts *facts)
{
  json_object *record = json_object_new_object ();
  char instance[VTPM_INSTANCE_ID_TEXT_SIZE];

  add_text (record, "containerId", facts->state->id);
  add_text (record, "bundle", facts->state->bundle);
  add_text (record, "tpmVersion", vtpm_tpm_version_name (facts->spec->version));
  add_text (record, "driver", facts->pair->driver->name);
  if (facts->pair->passed_over_count > 0)
    json_object_object_add (record, "passedOver", describe_passed_over (facts->pair));
  if (facts->side->host_device[0] != '\0')
    add_text (record, "hostDevice", facts->side->host_device);
  json_object_object_add (record, "devices", describe_nodes (facts));
  if (!facts->spec->ephemeral)
    add_text (record, "instance", vtpm_instance_id_format (&facts->spec->instance, instance));
  else
    add_text (record, "uuid", facts->uuid);
  json_object_object_add (record, "startedAt", json_object_new_int64 (time (NULL)));
  return record;
}
