# Faults on purpose: see the README above.
provider "aws" {
  region = "eu-central-1"
}

resource "aws_s3_bucket" "orders" {
  bucket = "orders"
  acl    = "public-read"
}

resource "aws_security_group" "all" {
  name = "all"

  ingress {
    from_port   = 0
    to_port     = 65535
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_db_instance" "shop" {
  identifier          = "shop"
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  username            = "shop"
  publicly_accessible = true
  storage_encrypted   = false
}

resource "aws_ebs_volume" "looked_at" {
  #checkov:skip=CKV_AWS_3: a volume for tests only
  availability_zone = "eu-central-1a"
  size              = 1
}
