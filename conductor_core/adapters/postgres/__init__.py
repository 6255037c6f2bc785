"""PostgreSQL: the one room where SQLAlchemy, psycopg and Alembic are known (style rule 3)."""
